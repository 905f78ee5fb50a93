using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class NegotiationTests
{
    private readonly ScriptedFileSystem _fileSystem = new();

    [Fact]
    public async Task A_new_kernel_gets_version_38_and_what_it_offers_of_what_is_wanted()
    {
        using var kernel = new KernelSocket(_fileSystem, new FuseMountOptions());
        var answer = kernel.Call(Opcode.Init, 0, Body(7u, 45u, 131072u, 0xFFFF_FFFFu, new byte[48])).As<InitOut>();
        Assert.Equal((7u, 38u), (answer.Major, answer.Minor));
        // ASYNC_READ 0, ATOMIC_O_TRUNC 3, BIG_WRITES 5, DO_READDIRPLUS 13, READDIRPLUS_AUTO 14,
        // PARALLEL_DIROPS 18, MAX_PAGES 22, EXPLICIT_INVAL_DATA 25, HANDLE_KILLPRIV_V2 28.
        Assert.Equal(0x1244_6029u, answer.Flags);
        Assert.Equal(0u, answer.Flags2);
        Assert.Equal(1u << 20, answer.MaxReadahead);
        Assert.Equal(1u << 20, answer.MaxWrite);
        Assert.Equal(256, answer.MaxPages);
        Assert.Equal(64, answer.MaxBackground);
        Assert.Equal(1u, answer.TimeGranularity);
        var agreed = await kernel.Session.Ready;
        Assert.Equal((38u, 1u << 20), (agreed.Minor, agreed.MaxWrite));
    }

    [Fact]
    public async Task The_oldest_kernel_sends_16_bytes_and_is_served()
    {
        using var kernel = new KernelSocket(_fileSystem);
        var answer = kernel.Call(Opcode.Init, 0, Body(7u, 31u, 131072u, (uint)InitFlags.AsyncRead)).As<InitOut>();
        Assert.Equal(31u, answer.Minor);
        Assert.Equal((uint)InitFlags.AsyncRead, answer.Flags);
        Assert.Equal(0, answer.MaxPages);
        Assert.Equal(31u, (await kernel.Session.Ready).Minor);
        Assert.Equal(0, kernel.Call(Opcode.StatFs, 1, []).Error);
    }

    [Theory]
    [InlineData(7u, 30u)]
    [InlineData(6u, 50u)]
    public async Task An_older_kernel_is_refused_with_a_reason(uint major, uint minor)
    {
        using var kernel = new KernelSocket(_fileSystem);
        Assert.Equal(-Errno.EPROTO, kernel.Call(Opcode.Init, 0, Body(major, minor, 131072u, 0u)).Error);
        var refusal = await Assert.ThrowsAsync<FuseMountException>(() => kernel.Session.Ready);
        Assert.Equal(FuseMountFailure.KernelTooOld, refusal.Reason);
        Assert.Contains($"FUSE {major}.{minor}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kernel_of_a_later_major_version_is_asked_to_come_down()
    {
        using var kernel = new KernelSocket(_fileSystem);
        var answer = kernel.Call(Opcode.Init, 0, Body(8u, 1u, 0u, 0u)).As<InitOut>();
        Assert.Equal((7u, 0u), (answer.Major, answer.Flags));
        Assert.False(kernel.Session.Ready.IsCompleted);
        kernel.Call(Opcode.Init, 0, Body(7u, 40u, 131072u, 0u));
        Assert.Equal(38u, (await kernel.Session.Ready).Minor);
    }

    [Fact]
    public async Task A_connection_that_ends_before_INIT_is_an_error()
    {
        using var kernel = new KernelSocket(_fileSystem);
        kernel.Close();
        var failure = await Assert.ThrowsAsync<FuseMountException>(() => kernel.Session.Ready);
        Assert.Equal(FuseMountFailure.ConnectionLost, failure.Reason);
        await kernel.Session.Completion;
    }

    [Fact]
    public void The_receive_buffer_has_room_for_the_largest_write()
    {
        // fs/fuse/dev.c refuses reads into less than both headers and max_write.
        Assert.True(new SessionSettings { MaxWrite = 1 << 20 }.ReceiveBufferSize >= (1 << 20) + 80);
    }
}
