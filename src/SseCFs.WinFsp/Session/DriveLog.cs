using Microsoft.Extensions.Logging;

namespace SseCFs.WinFsp.Session;

/// <summary>What a drive logs; event ids 4000 to 4099.</summary>
internal sealed partial class DriveLog(ILogger logger)
{
    [LoggerMessage(4000, LogLevel.Debug, "{Operation} fails with status 0x{Status:x}: {Message}")]
    public partial void Failed(string operation, int status, string message);

    [LoggerMessage(4001, LogLevel.Warning, "{Operation} fails with an I/O error ({Reason}): {Message}")]
    public partial void FailedBadly(string operation, FsError reason, string message);

    [LoggerMessage(4002, LogLevel.Error, "{Operation} failed unexpectedly; the program sees an I/O error")]
    public partial void Unexpected(string operation, Exception exception);

    [LoggerMessage(4003, LogLevel.Error, "{Path} was closed, and could not be stored: {Message}. It is kept and tried again; ssecfs status shows it")]
    public partial void NotStoredAtClose(string path, string message);

    [LoggerMessage(4004, LogLevel.Error, "{Path} was to be deleted, and is still there: {Message}")]
    public partial void NotDeleted(string path, string message);

    [LoggerMessage(4005, LogLevel.Debug, "watchers were not told of {Count} changes: the driver is busy")]
    public partial void NotNotified(int count);

    /// <summary>What an operation threw.</summary>
    public void Log(string operation, Exception exception, int status)
    {
        switch (exception)
        {
            case FsException { Reason: FsError.Unavailable or FsError.BadReply or FsError.NotEncrypted or FsError.InputOutput or FsError.Conflict } bad:
                FailedBadly(operation, bad.Reason, bad.Message);
                break;
            case FsException fs:
                Failed(operation, status, $"{fs.Reason}, {fs.Message}");
                break;
            case Wire.StatusException or OperationCanceledException:
                Failed(operation, status, exception.Message);
                break;
            default:
                Unexpected(operation, exception);
                break;
        }
    }
}
