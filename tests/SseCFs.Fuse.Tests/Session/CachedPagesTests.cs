using Microsoft.Extensions.Time.Testing;
using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

/// <summary>Direct writes drop what the kernel may have cached of their range. How a request came by the page cache or past it is told by its flags.</summary>
public sealed class CachedPagesTests
{
    private const uint ByCache = 0, Direct = 2;

    private readonly ScriptedFileSystem _fileSystem = new() { Content = "0123456789"u8.ToArray() };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_direct_write_is_answered_when_its_range_has_been_dropped(bool wasWritten)
    {
        using var kernel = Initialized(_fileSystem);
        _ = wasWritten ? kernel.Call(Opcode.Write, 9, WriteBody(ByCache)) : kernel.Call(Opcode.Read, 9, ReadBody(ByCache));
        for (var i = 0; i < 2; i++)
        {
            var write = kernel.Send(Opcode.Write, 9, WriteBody(Direct));
            var dropped = kernel.Receive();
            Assert.Equal((0ul, 2), (dropped.Unique, dropped.Error));
            Assert.Equal("0900000000000000" + "0020000000000000" + "0300000000000000", Convert.ToHexStringLower(dropped.Body));
            Assert.Equal(3u, Answer(kernel, write).As<WriteOut>().Size);
        }
    }

    [Fact]
    public void Nothing_is_dropped_of_what_cannot_be_cached()
    {
        using var kernel = Initialized(_fileSystem);
        kernel.Call(Opcode.Read, 10, ReadBody(ByCache));
        kernel.Call(Opcode.Read, 9, ReadBody(Direct));
        kernel.Call(Opcode.Write, 9, WriteBody(Direct));
        kernel.AssertSilent();
    }

    [Fact]
    public void Writes_through_the_cache_drop_nothing()
    {
        using var kernel = Initialized(_fileSystem);
        kernel.Call(Opcode.Read, 9, ReadBody(ByCache));
        kernel.Call(Opcode.Write, 9, WriteBody(ByCache));
        kernel.AssertSilent();
    }

    /// <summary>The kernel may be about to fill the page meanwhile.</summary>
    [Fact]
    public async Task A_read_that_comes_while_a_direct_write_is_under_way_counts()
    {
        using var kernel = Initialized(_fileSystem);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayEnd = new TaskCompletionSource();
        _fileSystem.Behave = (call, _) =>
        {
            if (!call.StartsWith("write", StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }
            begun.SetResult();
            return mayEnd.Task;
        };
        var write = kernel.Send(Opcode.Write, 9, WriteBody(Direct));
        await begun.Task;
        kernel.Call(Opcode.Read, 9, ReadBody(ByCache));
        mayEnd.SetResult();
        var dropped = kernel.Receive();
        Assert.Equal((0ul, 2), (dropped.Unique, dropped.Error));
        Answer(kernel, write);
    }

    [Fact]
    public void A_direct_write_that_fails_drops_nothing()
    {
        using var kernel = Initialized(_fileSystem);
        kernel.Call(Opcode.Read, 9, ReadBody(ByCache));
        _fileSystem.Behave = (_, _) => throw new FsException(FsError.NoSpace, "full");
        Assert.Equal(-Errno.ENOSPC, kernel.Call(Opcode.Write, 9, WriteBody(Direct)).Error);
        _fileSystem.Behave = null;
        kernel.AssertSilent();
    }

    /// <summary>All of the kernel's background requests could wait for a page whose READ is the next one.</summary>
    [Fact]
    public async Task No_more_than_so_many_writes_wait()
    {
        const int most = 3;
        using var slow = new SlowKernel(most);
        var drops = Enumerable.Range(0, most + 2).Select(i => slow.Pages.DropAsync(9, i * 4096, 4096).AsTask()).ToArray();
        Assert.Equal([false, false, false, true, true], drops.Select(drop => drop.IsCompleted));
        var beyond = await Task.WhenAll(drops[most..]);
        Assert.Equal([false, false], beyond);
        slow.Drops(1);
        Assert.True(await drops[0]);
        var next = slow.Pages.DropAsync(9, 0, 1).AsTask();
        Assert.False(next.IsCompleted);
        slow.Drops(most + 2);
        Assert.True(await next);
        var waited = await Task.WhenAll(drops[..most]);
        Assert.Equal([true, true, true], waited);
        Assert.Equal([(9, 0, 4096), (9, 4096, 4096), (9, 8192, 4096), (9, 12288, 4096), (9, 16384, 4096), (9, 0, 1)], slow.Dropped);
    }

    [Fact]
    public async Task No_write_waits_for_ever()
    {
        using var slow = new SlowKernel(mostWaiting: 3);
        var drop = slow.Pages.DropAsync(9, 0, 4096).AsTask();
        slow.Clock.Advance(CachedPages.Patience - TimeSpan.FromSeconds(1));
        Assert.False(drop.IsCompleted);
        slow.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await drop);
        slow.Drops(1);
    }

    [Fact]
    public async Task After_the_end_nothing_is_held()
    {
        using var slow = new SlowKernel(mostWaiting: 3);
        slow.Pages.Stop();
        Assert.True(await slow.Pages.DropAsync(9, 0, 4096));
    }

    private static byte[] ReadBody(uint flags) => Body(77ul, 0ul, 4u, flags, 0ul, 0u, 0u);

    private static byte[] WriteBody(uint flags) => Body(77ul, 8192ul, 3u, flags, 0ul, 1u, 0u, "abc"u8.ToArray());

    private static Reply Answer(KernelSocket kernel, ulong unique)
    {
        var answer = kernel.Receive();
        Assert.Equal((unique, 0), (answer.Unique, answer.Error));
        return answer;
    }

    /// <summary>A kernel that drops pages when the test lets it.</summary>
    private sealed class SlowKernel : IDisposable
    {
        private readonly SemaphoreSlim _mayDrop = new(0);

        public SlowKernel(int mostWaiting)
        {
            Pages = new CachedPages(
                (inode, offset, length) =>
                {
                    _mayDrop.Wait();
                    Dropped.Add((inode, offset, length));
                },
                mostWaiting,
                Clock);
            Pages.Start();
        }

        public FakeTimeProvider Clock { get; } = new();

        public CachedPages Pages { get; }

        public List<(ulong Inode, long Offset, long Length)> Dropped { get; } = [];

        public void Drops(int count) => _mayDrop.Release(count);

        public void Dispose()
        {
            Pages.Stop();
            _mayDrop.Dispose();
        }
    }
}
