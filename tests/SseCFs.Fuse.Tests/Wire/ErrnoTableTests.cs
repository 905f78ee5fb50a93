using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Tests.Wire;

public sealed class ErrnoTableTests
{
    // Numbers as in errno(3) on Linux, written out so that a wrong constant shows too.
    private static readonly Dictionary<FsError, int> Expected = new()
    {
        [FsError.NotFound] = 2,
        [FsError.Exists] = 17,
        [FsError.NotDirectory] = 20,
        [FsError.IsDirectory] = 21,
        [FsError.NotEmpty] = 39,
        [FsError.KeyUnknown] = 13,
        [FsError.PlainRefused] = 13,
        [FsError.AccessDenied] = 13,
        [FsError.NotPermitted] = 1,
        [FsError.NotSupported] = 95,
        [FsError.InvalidArgument] = 22,
        [FsError.NameTooLong] = 36,
        [FsError.ReadOnly] = 30,
        [FsError.Stale] = 116,
        [FsError.Conflict] = 5,
        [FsError.FileTooLarge] = 27,
        [FsError.NoSpace] = 28,
        [FsError.MetadataTooLarge] = 28,
        [FsError.NoAttribute] = 61,
        [FsError.BadHandle] = 9,
        [FsError.Interrupted] = 4,
        [FsError.Unavailable] = 5,
        [FsError.NotEncrypted] = 5,
        [FsError.BadReply] = 5,
        [FsError.InputOutput] = 5,
    };

    public static TheoryData<FsError> Reasons => [.. Enum.GetValues<FsError>()];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Every_reason_has_its_errno(FsError reason)
    {
        Assert.Equal(Expected[reason], ErrnoTable.Of(reason));
        Assert.Equal(Expected[reason], ErrnoTable.Of(new FsException(reason, "")));
    }

    [Fact]
    public void What_is_not_foreseen_is_EIO()
    {
        Assert.Equal(5, ErrnoTable.Of(new InvalidOperationException()));
        Assert.Equal(5, ErrnoTable.Of(new FsException((FsError)9999, "")));
        Assert.Equal(4, ErrnoTable.Of(new OperationCanceledException()));
    }
}
