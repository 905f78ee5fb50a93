using Microsoft.Extensions.Logging;

namespace SseCFs.Tree;

/// <summary>What the file system says of itself. Event ids 200 to 299. Never a key.</summary>
internal static partial class TreeLog
{
    [LoggerMessage(200, LogLevel.Warning, "{Key} cannot be opened: {Reason}")]
    public static partial void ObjectUnreadable(ILogger log, string key, string reason);

    [LoggerMessage(211, LogLevel.Information, "{Key} is not shown: {Reason}")]
    public static partial void ObjectHidden(ILogger log, string key, string reason);

    [LoggerMessage(210, LogLevel.Warning, "{Prefix} is not renamed to {NewPrefix}: {Reason}")]
    public static partial void MoveRefused(ILogger log, string prefix, string newPrefix, string reason);

    [LoggerMessage(201, LogLevel.Warning, "below {Prefix}, {Count} objects are not shown, the first of them {Key}: no file can bear such a name, or a directory bears it already")]
    public static partial void EntriesHidden(ILogger log, string prefix, int count, string key);

    [LoggerMessage(202, LogLevel.Error, "{Key} could not be stored and is kept here to be tried again: {Reason}")]
    public static partial void StoreFailed(ILogger log, string key, string reason);

    [LoggerMessage(203, LogLevel.Error, "{Key} was changed by another writer; what was written here is stored as {ConflictKey}")]
    public static partial void ConflictKept(ILogger log, string key, string conflictKey);

    [LoggerMessage(209, LogLevel.Error, "{Key} was changed by another writer; what was written here is stored under the name, and theirs as {ConflictKey}")]
    public static partial void ConflictTheirsKept(ILogger log, string key, string conflictKey);

    [LoggerMessage(207, LogLevel.Error, "{ConflictKey}: {Count} bytes that were not written here belonged to a version that is gone; they are zeros")]
    public static partial void ConflictIncomplete(ILogger log, string conflictKey, long count);

    [LoggerMessage(204, LogLevel.Information, "{Key} is stored after earlier failures")]
    public static partial void StoredAtLast(ILogger log, string key);

    [LoggerMessage(205, LogLevel.Error, "{Key} is at its new place {NewKey}, but its old object could not be removed: {Reason}")]
    public static partial void SourceLeft(ILogger log, string key, string newKey, string reason);

    [LoggerMessage(206, LogLevel.Warning, "the attributes of {Key} could not be stored: {Reason}")]
    public static partial void MetadataFailed(ILogger log, string key, string reason);

    [LoggerMessage(208, LogLevel.Warning, "{Key} was renamed, but another writer has stored it under the old name meanwhile: that stays")]
    public static partial void ChangedMeanwhile(ILogger log, string key);
}
