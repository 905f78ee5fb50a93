using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class ReceiveBuffersTests
{
    [Fact]
    public void Buffers_are_used_again()
    {
        var buffers = new ReceiveBuffers(8192, limit: 2, readers: 2);
        var first = buffers.Take();
        buffers.Return(first);
        Assert.Same(first, buffers.Take());
        Assert.Equal(1, buffers.Made);
    }

    [Fact]
    public async Task Beyond_the_limit_a_reader_waits_but_the_last_one_goes_on()
    {
        var buffers = new ReceiveBuffers(8192, limit: 1, readers: 2);
        var held = buffers.Take();
        var waiting = Task.Run(buffers.Take);
        await Task.Delay(100);
        Assert.False(waiting.IsCompleted);
        // One of two waits, so this one must not.
        var beyond = buffers.Take();
        Assert.Equal(2, buffers.Made);
        buffers.Return(beyond);
        Assert.Equal(1, buffers.Made);
        buffers.Return(held);
        Assert.Same(held, await waiting.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Interrupts_are_read_however_many_writes_wait()
    {
        var fileSystem = new ScriptedFileSystem { Behave = (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation) };
        using var kernel = Initialized(
            fileSystem, new FuseMountOptions { MaxWrite = MaxWrite, ReaderThreads = 2, MaxBytesInFlight = 3 * MaxWrite });
        var body = Body(77ul, 0ul, 60000u, 0u, 0ul, 1u, 0u, new byte[60000]);
        var uniques = Enumerable.Range(0, 12).Select(_ => kernel.Send(Opcode.Write, 9, body)).ToList();
        Assert.True(SpinWait.SpinUntil(() => kernel.Session.InFlight.Count == 12, TimeSpan.FromSeconds(20)));
        foreach (var unique in uniques)
        {
            kernel.SendRaw(Frame(Opcode.Interrupt, unique + 1, 0, Body(unique)));
            var reply = kernel.Receive();
            Assert.Equal((unique, -Errno.EINTR), (reply.Unique, reply.Error));
        }
    }
}
