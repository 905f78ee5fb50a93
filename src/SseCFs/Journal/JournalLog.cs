using Microsoft.Extensions.Logging;

namespace SseCFs.Journal;

/// <summary>What the journal says of itself. Event ids 300 to 399. Never a key.</summary>
internal static partial class JournalLog
{
    [LoggerMessage(300, LogLevel.Warning, "the journal {Path} is of another key (fingerprint {Fingerprint}) and is left alone: mount with that key, or run ssecfs recover with it")]
    public static partial void OtherKey(ILogger log, string path, string fingerprint);

    [LoggerMessage(301, LogLevel.Warning, "{Key} was saved in the journal and not stored yet: it is stored now")]
    public static partial void Restored(ILogger log, string key);

    [LoggerMessage(302, LogLevel.Error, "{Path} cannot be read and is left as it is: {Reason}")]
    public static partial void Unreadable(ILogger log, string path, string reason);

    [LoggerMessage(303, LogLevel.Warning, "{Path} ends in {Count} bytes of a save that was not finished, or that were damaged: what was saved before counts")]
    public static partial void Torn(ILogger log, string path, long count);

    [LoggerMessage(304, LogLevel.Information, "the rename of {From} to {To}, which was interrupted, is finished")]
    public static partial void RenameFinished(ILogger log, string from, string to);

    [LoggerMessage(305, LogLevel.Information, "the rename of {From} to {To}, which was interrupted, had not begun to count: all is as before")]
    public static partial void RenameUndone(ILogger log, string from, string to);

    [LoggerMessage(306, LogLevel.Warning, "{Key} was not removed by the interrupted rename to {To}: it was changed meanwhile")]
    public static partial void RenameSourceKept(ILogger log, string key, string to);

    [LoggerMessage(307, LogLevel.Error, "the rename of {From} to {To}, which was interrupted, cannot be finished now and is tried at the next mount: {Reason}")]
    public static partial void RenameFailed(ILogger log, string from, string to, string reason);

    [LoggerMessage(310, LogLevel.Information, "the upload of {Key}, which an earlier process began, is taken back")]
    public static partial void UploadAborted(ILogger log, string key);

    [LoggerMessage(311, LogLevel.Warning, "an upload that an earlier process began cannot be taken back now, and is at the next mount ({Path}): {Reason}")]
    public static partial void UploadLeft(ILogger log, string path, string reason);

    [LoggerMessage(314, LogLevel.Warning, "uploads that an earlier process began are not taken back now, but at the next mount, since one of its saves cannot be read: {Reason}")]
    public static partial void UploadsLeft(ILogger log, string reason);

    [LoggerMessage(315, LogLevel.Warning, "{Key} stays in the journal as an earlier process saved it, since there is no room to save it anew: {Reason}")]
    public static partial void SaveStays(ILogger log, string key, string reason);

    [LoggerMessage(312, LogLevel.Warning, "the upload of {Key} goes on without a record in the journal, which would take it back after a crash: {Reason}")]
    public static partial void UploadNotRecorded(ILogger log, string key, string reason);

    [LoggerMessage(309, LogLevel.Warning, "the rename of {From} to {To} goes on without a record in the journal, which would finish it after a crash: {Reason}")]
    public static partial void RenameNotRecorded(ILogger log, string from, string to, string reason);

    [LoggerMessage(313, LogLevel.Warning, "{Reason}: until it has room, close and fsync wait for the service")]
    public static partial void NoRoom(ILogger log, string reason);

    [LoggerMessage(308, LogLevel.Warning, "{Key} could not be kept in the journal, and is stored directly: {Reason}")]
    public static partial void SaveFailed(ILogger log, string key, string reason);
}
