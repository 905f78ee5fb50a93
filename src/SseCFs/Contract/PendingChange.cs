namespace SseCFs.Contract;

/// <summary>One file or directory with something that the store does not have.</summary>
/// <param name="Key">Of the object, as of now.</param>
/// <param name="Bytes">Of the file as it will be; 0 for a directory.</param>
/// <param name="Since">When the oldest change in it was made, or given to be stored.</param>
/// <param name="Failure">Why the last try failed; null: none did.</param>
/// <param name="NextTry">When it is tried again; null unless <paramref name="State"/> is <see cref="ChangeState.Waiting"/>.</param>
public sealed record PendingChange(string Key, ChangeState State, long Bytes, DateTimeOffset Since, string? Failure, DateTimeOffset? NextTry)
{
    /// <summary>Of <see cref="Bytes"/>, those that have left already, repeats included; 0 while nothing has.</summary>
    public long Sent { get; init; }

    /// <summary>Bytes per second since the first ones left; 0 while nothing has.</summary>
    public long Rate { get; init; }
}

/// <summary>How far a change is on its way to the store.</summary>
public enum ChangeState
{
    /// <summary>A program has the file open to write: its close, an fsync or its age makes it ready.</summary>
    Drafting,

    /// <summary>To be sent as soon as its turn comes.</summary>
    Ready,

    /// <summary>A request is under way.</summary>
    Sending,

    /// <summary>It failed, and is tried again later.</summary>
    Waiting,
}
