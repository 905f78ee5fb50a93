using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class NotificationTests
{
    private readonly ScriptedFileSystem _fileSystem = new();

    [Fact]
    public void Content_is_invalidated_whole()
    {
        using var kernel = Initialized(_fileSystem);
        _fileSystem.Invalidation!.InvalidateContent(0x1234);
        var frame = kernel.Receive();
        Assert.Equal((0ul, 2), (frame.Unique, frame.Error));
        Assert.Equal("3412000000000000" + "0000000000000000" + "0000000000000000", Convert.ToHexStringLower(frame.Body));
    }

    [Fact]
    public void A_name_is_sent_with_a_NUL_that_its_length_leaves_out()
    {
        using var kernel = Initialized(_fileSystem);
        _fileSystem.Invalidation!.InvalidateEntry(1, "näh"u8.ToArray());
        var frame = kernel.Receive();
        Assert.Equal((0ul, 3), (frame.Unique, frame.Error));
        Assert.Equal("0100000000000000" + "04000000" + "00000000" + "6ec3a46800", Convert.ToHexStringLower(frame.Body));
    }

    [Fact]
    public async Task After_the_end_they_are_swallowed()
    {
        using var kernel = Initialized(_fileSystem);
        kernel.Close();
        await kernel.Session.Completion;
        _fileSystem.Invalidation!.InvalidateContent(9);
        _fileSystem.Invalidation!.InvalidateEntry(9, "name"u8.ToArray());
    }
}
