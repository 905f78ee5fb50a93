using Microsoft.Extensions.Logging;

namespace SseCFs.Store;

/// <summary>What the store says of itself. Event ids 100 to 199. Never a key, never a header.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(100, LogLevel.Warning, "{Doing} failed and is tried again ({Attempt}): {Reason}")]
    public static partial void Retrying(ILogger log, string doing, int attempt, string reason);

    [LoggerMessage(101, LogLevel.Error, "{Key} was stored without encryption and has been removed again")]
    public static partial void UndonePlaintext(ILogger log, string key);

    [LoggerMessage(105, LogLevel.Error, "{Key} may lie in the bucket without encryption, it could not be removed again: {Reason}")]
    public static partial void PlaintextLeft(ILogger log, string key, string reason);

    [LoggerMessage(106, LogLevel.Warning, "{Key}, made by the check, could not be removed: {Reason}")]
    public static partial void ProbeLeft(ILogger log, string key, string reason);

    [LoggerMessage(102, LogLevel.Information, "the service cannot {What}; doing without from now on")]
    public static partial void Learned(ILogger log, string what);

    [LoggerMessage(103, LogLevel.Warning, "the parts of an unfinished upload of {Key} could not be removed: {Reason}")]
    public static partial void AbortFailed(ILogger log, string key, string reason);

    [LoggerMessage(104, LogLevel.Warning, "the body of {Key} broke off at byte {Position} and is resumed: {Reason}")]
    public static partial void BodyResumed(ILogger log, string key, long position, string reason);
}
