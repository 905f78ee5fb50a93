using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp;

/// <summary>Why a drive could not be mounted.</summary>
public enum DriveMountFailure
{
    WinFspMissing,

    /// <summary>The letter is taken, or the folder exists.</summary>
    InUse,

    /// <summary>No such drive or folder can be made.</summary>
    NoPlace,

    NotPermitted,

    Other,
}

/// <summary>A drive could not be mounted: the reason, and a sentence for a person.</summary>
public sealed class DriveMountException(DriveMountFailure reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public DriveMountFailure Reason { get; } = reason;

    public static DriveMountException WinFspMissing(Exception? cause) =>
        new(DriveMountFailure.WinFspMissing, "WinFsp is not installed, or is older than 2.0: https://winfsp.dev, or winget install WinFsp.WinFsp", cause);

    internal static DriveMountException Of(int status, string? mountPoint) => status switch
    {
        STATUS_OBJECT_NAME_COLLISION => new(DriveMountFailure.InUse, $"{mountPoint} is in use: take another letter, * for any, or a folder that does not exist yet"),
        STATUS_NO_SUCH_DEVICE => new(DriveMountFailure.WinFspMissing, "WinFsp's driver is not running: install WinFsp anew, https://winfsp.dev"),
        STATUS_ACCESS_DENIED => new(DriveMountFailure.NotPermitted, $"not permitted to mount on {mountPoint ?? "a drive letter"}"),
        STATUS_OBJECT_NAME_INVALID or STATUS_OBJECT_NAME_NOT_FOUND or STATUS_OBJECT_PATH_NOT_FOUND or STATUS_INVALID_PARAMETER =>
            new(DriveMountFailure.NoPlace, $"{mountPoint ?? "no letter"} is no place for a drive: give a letter such as X:, * for any free one, or a folder that does not exist yet in one that does"),
        _ => new(DriveMountFailure.Other, $"WinFsp does not mount on {mountPoint ?? "a drive letter"}: status 0x{status:x}"),
    };
}
