namespace SseCFs.Contract;

/// <summary>An operation failed: the reason, what it was done to, and the cause. Never holds a key.</summary>
/// <param name="reason">What happened.</param>
/// <param name="message">A sentence for a person: what failed, on which path or key, and what to do where that is known.</param>
/// <param name="cause">What was underneath, if anything.</param>
public sealed class FsException(FsError reason, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What happened.</summary>
    public FsError Reason { get; } = reason;

    /// <summary>The object is there, and its content is not for this mount.</summary>
    public bool IsUnreadable => Reason is FsError.KeyUnknown or FsError.PlainRefused;
}
