using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class InterruptTests
{
    private static readonly byte[] ReadBody = Body(77ul, 0ul, 4096u, 0u, 0ul, 0u, 0u);

    private static readonly byte[] FlushBody = Body(77ul, 0u, 0u, 0ul);

    private readonly ScriptedFileSystem _fileSystem = new();

    [Fact]
    public void An_interrupt_cancels_its_request_and_no_other()
    {
        _fileSystem.Behave = (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation);
        using var kernel = Initialized(_fileSystem);
        var first = kernel.Send(Opcode.Read, 9, ReadBody);
        var second = kernel.Send(Opcode.Read, 9, ReadBody);
        Interrupt(kernel, second);
        var reply = kernel.Receive();
        Assert.Equal((second, -Errno.EINTR), (reply.Unique, reply.Error));
        kernel.AssertSilent();
        Interrupt(kernel, first);
        reply = kernel.Receive();
        Assert.Equal((first, -Errno.EINTR), (reply.Unique, reply.Error));
    }

    [Fact]
    public void An_interrupt_whose_signal_does_not_mean_it_is_kept_until_one_comes_that_does()
    {
        _fileSystem.Behave = (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation);
        using var kernel = Initialized(_fileSystem);
        var means = false;
        kernel.Session.Interruptions.Mean = _ => Volatile.Read(ref means);
        var request = kernel.Send(Opcode.Flush, 9, FlushBody);
        Interrupt(kernel, request);
        kernel.AssertSilent();
        Volatile.Write(ref means, true);
        var reply = kernel.Receive();
        Assert.Equal((request, -Errno.EINTR), (reply.Unique, reply.Error));
    }

    [Fact]
    public void An_interrupt_of_an_unknown_request_is_EAGAIN()
    {
        using var kernel = Initialized(_fileSystem);
        kernel.SendRaw(Frame(Opcode.Interrupt, 1001, 0, Body(1000ul)));
        var reply = kernel.Receive();
        Assert.Equal((1001ul, -Errno.EAGAIN), (reply.Unique, reply.Error));
    }

    [Fact]
    public void A_late_interrupt_does_not_hit_the_request_that_uses_the_same_object_next()
    {
        var release = new TaskCompletionSource();
        _fileSystem.Behave = (_, cancellation) => release.Task.WaitAsync(cancellation);
        using var kernel = Initialized(_fileSystem, new FuseMountOptions { MaxWrite = MaxWrite, ReaderThreads = 1 });
        for (var round = 0; round < 200; round++)
        {
            release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var first = kernel.Send(Opcode.FSync, 9, Body(77ul, 0u, 0u));
            SpinWait.SpinUntil(() => _fileSystem.Calls.Count == (2 * round) + 1);
            release.SetResult();
            Assert.Equal(first, kernel.Receive().Unique);
            release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            kernel.SendRaw(Frame(Opcode.Interrupt, first + 1, 0, Body(first)));
            var second = kernel.Send(Opcode.FSync, 9, Body(77ul, 0u, 0u));
            var late = kernel.Receive();
            Assert.Equal((first + 1, -Errno.EAGAIN), (late.Unique, late.Error));
            SpinWait.SpinUntil(() => _fileSystem.Calls.Count == (2 * round) + 2);
            release.SetResult();
            var reply = kernel.Receive();
            Assert.Equal((second, 0), (reply.Unique, reply.Error));
        }
    }

    [Fact]
    public void An_interrupt_racing_with_the_answer_leaves_one_answer_and_no_poisoned_request()
    {
        _fileSystem.Behave = async (_, cancellation) =>
        {
            await Task.Yield();
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(2)), cancellation);
        };
        using var kernel = Initialized(_fileSystem);
        for (var round = 0; round < 300; round++)
        {
            var interrupted = kernel.Send(Opcode.Flush, 9, FlushBody);
            kernel.SendRaw(Frame(Opcode.Interrupt, interrupted + 1, 0, Body(interrupted)));
            var first = NextAnswer(kernel);
            Assert.Equal(interrupted, first.Unique);
            Assert.True(first.Error is 0 or -Errno.EINTR);
            // Uninterrupted, so whatever object serves it must not be cancelled any more.
            var clean = kernel.Send(Opcode.Flush, 9, FlushBody);
            var second = NextAnswer(kernel);
            Assert.Equal((clean, 0), (second.Unique, second.Error));
        }
    }

    [Fact]
    public async Task The_end_of_the_connection_cancels_what_is_in_flight_and_waits_for_it()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fileSystem.Behave = async (_, cancellation) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                cancelled.SetResult();
                await finish.Task;
                throw;
            }
        };
        using var kernel = Initialized(_fileSystem);
        kernel.Send(Opcode.Read, 9, ReadBody);
        SpinWait.SpinUntil(() => !_fileSystem.Calls.IsEmpty);
        kernel.Close();
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(kernel.Session.Completion.IsCompleted);
        finish.SetResult();
        await kernel.Session.Completion.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>The next answer to a request; those to interrupts, which have odd numbers, come whenever a reader gets to them.</summary>
    private static Reply NextAnswer(KernelSocket kernel)
    {
        while (true)
        {
            var reply = kernel.Receive();
            if (reply.Unique % 2 == 0)
            {
                return reply;
            }
            Assert.Equal(-Errno.EAGAIN, reply.Error);
        }
    }

    /// <summary>As the kernel does: only once the request was read; again while the answer is EAGAIN.</summary>
    private static void Interrupt(KernelSocket kernel, ulong unique)
    {
        Assert.True(SpinWait.SpinUntil(() => kernel.Session.InFlight.WaiterOf(unique) is not null, TimeSpan.FromSeconds(20)));
        kernel.SendRaw(Frame(Opcode.Interrupt, unique + 1, 0, Body(unique)));
    }
}
