using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Wire;

/// <summary>The one place where the file system's errors become NTSTATUS values.</summary>
internal static class NtStatus
{
    // CS8524 is about values that have no name; a missing name is CS8509, which stays an error.
#pragma warning disable CS8524
    public static int Of(FsError error) => error switch
    {
        FsError.NotFound => STATUS_OBJECT_NAME_NOT_FOUND,
        FsError.Exists => STATUS_OBJECT_NAME_COLLISION,
        FsError.NotDirectory => STATUS_NOT_A_DIRECTORY,
        FsError.IsDirectory => STATUS_FILE_IS_A_DIRECTORY,
        FsError.NotEmpty => STATUS_DIRECTORY_NOT_EMPTY,
        // As NTFS answers who lacks the certificate of an encrypted file.
        FsError.KeyUnknown => STATUS_ACCESS_DENIED,
        FsError.PlainRefused => STATUS_ACCESS_DENIED,
        FsError.AccessDenied => STATUS_ACCESS_DENIED,
        FsError.NotPermitted => STATUS_ACCESS_DENIED,
        FsError.NotSupported => STATUS_NOT_SUPPORTED,
        FsError.InvalidArgument => STATUS_INVALID_PARAMETER,
        FsError.NameTooLong => STATUS_NAME_TOO_LONG,
        FsError.ReadOnly => STATUS_MEDIA_WRITE_PROTECTED,
        // "The volume for a file has been externally altered so that the opened file is no longer valid": just that has happened.
        FsError.Stale => STATUS_FILE_INVALID,
        FsError.Conflict => STATUS_FILE_INVALID,
        FsError.FileTooLarge => STATUS_FILE_TOO_LARGE,
        FsError.NoSpace => STATUS_DISK_FULL,
        FsError.MetadataTooLarge => STATUS_EA_TOO_LARGE,
        FsError.NoAttribute => STATUS_NONEXISTENT_EA_ENTRY,
        FsError.BadHandle => STATUS_INVALID_HANDLE,
        FsError.Interrupted => STATUS_CANCELLED,
        FsError.Unavailable => STATUS_UNEXPECTED_NETWORK_ERROR,
        FsError.NotEncrypted => STATUS_ENCRYPTION_FAILED,
        FsError.BadReply => STATUS_INVALID_NETWORK_RESPONSE,
        FsError.InputOutput => STATUS_IO_DEVICE_ERROR,
    };
#pragma warning restore CS8524

    /// <summary>What an operation threw; anything that is not foreseen is an unexpected I/O error.</summary>
    public static int Of(Exception exception) => exception switch
    {
        StatusException known => known.Status,
        FsException fs when Enum.IsDefined(fs.Reason) => Of(fs.Reason),
        OperationCanceledException => STATUS_CANCELLED,
        _ => STATUS_UNEXPECTED_IO_ERROR,
    };
}

/// <summary>An operation fails for a reason that only Windows has.</summary>
internal sealed class StatusException(int status, string message) : Exception(message)
{
    /// <summary>NTSTATUS.</summary>
    public int Status { get; } = status;
}
