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
        _fileSystem.Invalidation!.InvalidateContent(0x1234, isOpen: true);
        var frame = kernel.Receive();
        Assert.Equal((0ul, 2), (frame.Unique, frame.Error));
        Assert.Equal("3412000000000000" + "0000000000000000" + "0000000000000000", Convert.ToHexStringLower(frame.Body));
    }

    [Fact]
    public void Of_content_that_nobody_has_open_nothing_is_told()
    {
        using var kernel = Initialized(_fileSystem);
        _fileSystem.Invalidation!.InvalidateContent(0x1234, isOpen: false);
        kernel.AssertSilent();
    }

    /// <summary>One that came after the open could hit the request for attributes of the first read, whose answer would not count then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_open_is_answered_when_what_was_to_be_dropped_before_has_been_sent(bool isCreate)
    {
        var inode = isCreate ? ScriptedFileSystem.File.Inode : 9;
        using var kernel = Initialized(_fileSystem);
        for (var i = 0; i < 100; i++)
        {
            _fileSystem.Invalidation!.InvalidateContent(inode, isOpen: true);
        }
        var open = isCreate ? kernel.Send(Opcode.Create, 9, Body(0u, 0x1A4u, 0x12u, 0u, "name")) : kernel.Send(Opcode.Open, 9, Body(0u, 0u));
        for (var i = 0; i < 100; i++)
        {
            var dropped = kernel.Receive();
            Assert.Equal((0ul, 2), (dropped.Unique, dropped.Error));
        }
        Assert.Equal(open, kernel.Receive().Unique);
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
        _fileSystem.Invalidation!.InvalidateContent(9, isOpen: true);
        _fileSystem.Invalidation!.InvalidateEntry(9, "name"u8.ToArray());
    }
}
