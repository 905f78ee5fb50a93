using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>What the command itself logs; event ids 5000 to 5099.</summary>
internal static partial class MountLog
{
    [LoggerMessage(5000, LogLevel.Information, "{Source} is mounted on {Directory}; objects are written with key {Fingerprint}")]
    public static partial void Mounted(ILogger logger, string source, string directory, string fingerprint);

    [LoggerMessage(5001, LogLevel.Information, "{Directory} is unmounted, and everything is stored")]
    public static partial void Ended(ILogger logger, string directory);

    [LoggerMessage(5002, LogLevel.Warning, "{Count} files are not stored yet, {Example}; trying again in {Delay}")]
    public static partial void NotStoredYet(ILogger logger, int count, string? example, TimeSpan delay);

    [LoggerMessage(5003, LogLevel.Critical, "given up: {Key} is not stored and lost ({Failure})")]
    public static partial void Lost(ILogger logger, string key, string? failure);

    [LoggerMessage(5010, LogLevel.Error, "{Key} is not stored, and kept in the journal {Directory}: the next mount stores it, or ssecfs recover")]
    public static partial void Kept(ILogger logger, string key, string directory);

    [LoggerMessage(5011, LogLevel.Warning, "there is no journal: what cannot be stored when the mount ends is lost, and a rename is not finished after a crash ({Reason})")]
    public static partial void NoJournal(ILogger logger, string reason);

    [LoggerMessage(5004, LogLevel.Information, "asked to end ({Signal}): unmounting {Directory}")]
    public static partial void Stopping(ILogger logger, string signal, string directory);

    [LoggerMessage(5005, LogLevel.Warning, "ssecfs umount and ssecfs status cannot reach this mount; ending its process unmounts it, too: {Reason}")]
    public static partial void NoControl(ILogger logger, string reason);

    [LoggerMessage(5006, LogLevel.Warning, "no more commands are taken: {Reason}")]
    public static partial void ControlFailed(ILogger logger, string reason);

    [LoggerMessage(5007, LogLevel.Debug, "a command's conversation ended: {Reason}")]
    public static partial void ControlLeft(ILogger logger, string reason);

    [LoggerMessage(5008, LogLevel.Warning, "none of the {Count} encrypted objects looked at opens with {Keys}")]
    public static partial void Unreadable(ILogger logger, int count, string keys);

    [LoggerMessage(5012, LogLevel.Information, "the keys are loaded anew: {Keys}; objects are written with key {Fingerprint}")]
    public static partial void KeysReloaded(ILogger logger, string keys, string fingerprint);

    [LoggerMessage(5013, LogLevel.Error, "the keys stay as they were: {Reason}")]
    public static partial void KeysNotReloaded(ILogger logger, string reason);

    [LoggerMessage(5009, LogLevel.Critical, "serving {Directory} failed; unmounting")]
    public static partial void Failed(ILogger logger, string directory, Exception exception);
}
