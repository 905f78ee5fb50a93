using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Tests.Wire;

public sealed class NtStatusTests
{
    private static readonly Dictionary<FsError, int> Expected = new()
    {
        [FsError.NotFound] = STATUS_OBJECT_NAME_NOT_FOUND,
        [FsError.Exists] = STATUS_OBJECT_NAME_COLLISION,
        [FsError.NotDirectory] = STATUS_NOT_A_DIRECTORY,
        [FsError.IsDirectory] = STATUS_FILE_IS_A_DIRECTORY,
        [FsError.NotEmpty] = STATUS_DIRECTORY_NOT_EMPTY,
        [FsError.KeyUnknown] = STATUS_ACCESS_DENIED,
        [FsError.PlainRefused] = STATUS_ACCESS_DENIED,
        [FsError.AccessDenied] = STATUS_ACCESS_DENIED,
        [FsError.NotPermitted] = STATUS_ACCESS_DENIED,
        [FsError.NotSupported] = STATUS_NOT_SUPPORTED,
        [FsError.InvalidArgument] = STATUS_INVALID_PARAMETER,
        [FsError.NameTooLong] = STATUS_NAME_TOO_LONG,
        [FsError.ReadOnly] = STATUS_MEDIA_WRITE_PROTECTED,
        [FsError.Stale] = STATUS_FILE_INVALID,
        [FsError.Conflict] = STATUS_FILE_INVALID,
        [FsError.FileTooLarge] = STATUS_FILE_TOO_LARGE,
        [FsError.NoSpace] = STATUS_DISK_FULL,
        [FsError.MetadataTooLarge] = STATUS_EA_TOO_LARGE,
        [FsError.NoAttribute] = STATUS_NONEXISTENT_EA_ENTRY,
        [FsError.BadHandle] = STATUS_INVALID_HANDLE,
        [FsError.Interrupted] = STATUS_CANCELLED,
        [FsError.Unavailable] = STATUS_UNEXPECTED_NETWORK_ERROR,
        [FsError.NotEncrypted] = STATUS_ENCRYPTION_FAILED,
        [FsError.BadReply] = STATUS_INVALID_NETWORK_RESPONSE,
        [FsError.InputOutput] = STATUS_IO_DEVICE_ERROR,
    };

    [Fact]
    public void Every_reason_has_its_status()
    {
        Assert.Equal(Enum.GetValues<FsError>().Order(), Expected.Keys.Order());
        Assert.All(Expected, pair => Assert.Equal(pair.Value, NtStatus.Of(pair.Key)));
        // A warning would be taken for success.
        Assert.All(Expected.Values, status => Assert.Equal(3u, (uint)status >> 30));
    }

    [Fact]
    public void What_was_thrown_becomes_a_status()
    {
        Assert.Equal(STATUS_DISK_FULL, NtStatus.Of(new FsException(FsError.NoSpace, "")));
        Assert.Equal(STATUS_CANCELLED, NtStatus.Of(new OperationCanceledException()));
        Assert.Equal(STATUS_CANNOT_DELETE, NtStatus.Of(new StatusException(STATUS_CANNOT_DELETE, "")));
        Assert.Equal(STATUS_UNEXPECTED_IO_ERROR, NtStatus.Of(new InvalidOperationException()));
        Assert.Equal(STATUS_UNEXPECTED_IO_ERROR, NtStatus.Of(new FsException((FsError)999, "")));
    }
}
