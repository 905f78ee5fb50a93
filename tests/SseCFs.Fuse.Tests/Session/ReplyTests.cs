using Microsoft.Extensions.Logging;
using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

/// <summary>One answer for each request, whatever the file system does.</summary>
public sealed class ReplyTests
{
    private readonly ScriptedFileSystem _fileSystem = new();
    private readonly RecordingLogger _logger = new();

    [Theory]
    [InlineData(FsError.NotFound, Errno.ENOENT, false)]
    [InlineData(FsError.Stale, Errno.ESTALE, false)]
    [InlineData(FsError.KeyUnknown, Errno.EACCES, true)]
    [InlineData(FsError.Unavailable, Errno.EIO, true)]
    public void A_failure_is_its_errno_at_once_and_later(FsError reason, int errno, bool later)
    {
        _fileSystem.Behave = async (_, _) =>
        {
            if (later)
            {
                await Task.Yield();
            }
            throw new FsException(reason, "it failed");
        };
        using var kernel = Initialized(_fileSystem);
        Assert.Equal(-errno, kernel.Call(Opcode.Lookup, 1, Body("name")).Error);
        Assert.Equal(-errno, kernel.Call(Opcode.Open, 9, Body(0u, 0u)).Error);
        Assert.Equal(-errno, kernel.Call(Opcode.Flush, 9, Body(77ul, 0u, 0u, 0ul)).Error);
        kernel.AssertSilent();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_nobody_foresaw_is_EIO_and_logged(bool later)
    {
        _fileSystem.Behave = async (_, _) =>
        {
            if (later)
            {
                await Task.Yield();
            }
            throw new InvalidOperationException("a bug");
        };
        using var kernel = Initialized(_fileSystem, logger: _logger);
        Assert.Equal(-Errno.EIO, kernel.Call(Opcode.GetAttr, 9, Body(0u, 0u, 0ul)).Error);
        Assert.Contains(_logger.Lines, line => line.Level == LogLevel.Error && line.Text.StartsWith("GETATTR of inode 9", StringComparison.Ordinal));
        kernel.AssertSilent();
    }

    [Fact]
    public void A_throwing_call_without_a_task_is_answered_too()
    {
        _fileSystem.Throws = new FsException(FsError.BadHandle, "no such handle");
        using var kernel = Initialized(_fileSystem);
        Assert.Equal(-Errno.EBADF, kernel.Call(Opcode.ReleaseDir, 9, Body(79ul, 0u, 0u, 0ul)).Error);
        // FORGET is never answered, not even then.
        kernel.Send(Opcode.Forget, 9, Body(1ul));
        _fileSystem.Throws = null;
        kernel.AssertSilent();
    }

    [Fact]
    public void A_cancelled_task_that_nobody_interrupted_is_EINTR()
    {
        _fileSystem.Behave = (_, _) => Task.FromCanceled(new CancellationToken(canceled: true));
        using var kernel = Initialized(_fileSystem);
        Assert.Equal(-Errno.EINTR, kernel.Call(Opcode.FSync, 9, Body(77ul, 0u, 0u)).Error);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1023)]
    [InlineData(3000)]
    public void A_read_may_come_in_any_number_of_segments(int pieces)
    {
        _fileSystem.Content = new byte[60000];
        Random.Shared.NextBytes(_fileSystem.Content);
        _fileSystem.Pieces = pieces;
        using var kernel = Initialized(_fileSystem);
        for (var i = 0; i < 3; i++)
        {
            var reply = kernel.Call(Opcode.Read, 9, Body(77ul, 0ul, 60000u, 0u, 0ul, 0u, 0u));
            Assert.Equal(0, reply.Error);
            Assert.Equal(_fileSystem.Content, reply.Body);
        }
    }

    [Fact]
    public void Segments_are_let_go_after_the_answer_and_after_a_failure()
    {
        var memory = new CountedMemory();
        var counted = new CountedFileSystem(memory);
        using var kernel = Initialized(counted);
        for (ulong handle = 0; handle < 4; handle++)
        {
            // Even handles succeed, odd ones fail; 0 and 1 at once, 2 and 3 later.
            var reply = kernel.Call(Opcode.Read, 9, Body(handle, 0ul, 100u, 0u, 0ul, 0u, 0u));
            Assert.Equal(handle % 2 == 0 ? 0 : -Errno.EIO, reply.Error);
        }
        Assert.True(SpinWait.SpinUntil(() => memory.References == 0, TimeSpan.FromSeconds(20)));
        Assert.Equal(4, memory.Taken);
    }

    [Fact]
    public void A_slow_write_keeps_its_data_while_others_are_served()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new KeepingFileSystem(release.Task);
        using var kernel = Initialized(slow, new FuseMountOptions { MaxWrite = MaxWrite, ReaderThreads = 1 });
        var uniques = new List<ulong>();
        for (byte i = 0; i < 20; i++)
        {
            var data = new byte[i % 2 == 0 ? 60000 : 100];
            data.AsSpan().Fill(i);
            uniques.Add(kernel.Send(Opcode.Write, 9, Body((ulong)i, 0ul, (uint)data.Length, 0u, 0ul, 1u, 0u, data)));
        }
        kernel.AssertSilent();
        release.SetResult();
        var replies = Enumerable.Range(0, 20).Select(_ => kernel.Receive()).ToList();
        Assert.Equal(uniques, replies.Select(reply => reply.Unique).Order());
        Assert.All(replies, reply => Assert.Equal(0, reply.Error));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => ((ulong)i, (byte)i)), slow.Seen.OrderBy(seen => seen.Item1));
    }

    private sealed class CountedMemory : ISharedMemory
    {
        private int _references;

        public int References => Volatile.Read(ref _references);

        public int Taken { get; private set; }

        public void AddReference()
        {
            Taken++;
            Interlocked.Increment(ref _references);
        }

        public void Release() => Interlocked.Decrement(ref _references);
    }

    private sealed class CountedFileSystem(CountedMemory memory) : ScriptedFileSystem
    {
        public override async ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation)
        {
            memory.AddReference();
            into.Add(new byte[100], memory);
            if (handle >= 2)
            {
                await Task.Yield();
            }
            if (handle % 2 == 1)
            {
                throw new FsException(FsError.BadReply, "cut short");
            }
        }
    }

    private sealed class KeepingFileSystem(Task release) : ScriptedFileSystem
    {
        public System.Collections.Concurrent.ConcurrentQueue<(ulong, byte)> Seen { get; } = new();

        public override async ValueTask WriteAsync(
            ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation)
        {
            await release;
            Assert.Equal(-1, data.Span.IndexOfAnyExcept(data.Span[0]));
            Seen.Enqueue((handle, data.Span[0]));
        }
    }
}
