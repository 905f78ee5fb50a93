using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

/// <summary>The hot path: what is in memory is read and written without allocating a byte.</summary>
public sealed class AllocationTests
{
    private const int Warmup = 3000;
    private const int Measured = 1000;

    private static readonly FuseMountOptions OneReader = new() { MaxWrite = MaxWrite, ReaderThreads = 1 };

    [Fact]
    public void A_cached_read_allocates_nothing()
    {
        Assert.Equal(0, AllocatedBy(Frame(Opcode.Read, 500, 9, Body(77ul, 0ul, 32768u, 0u, 0ul, 0u, 0u)), replyLength: 16 + 32768));
    }

    [Theory]
    [InlineData(4000)]
    [InlineData(60000)]
    public void A_staged_write_allocates_nothing(int size)
    {
        Assert.Equal(0, AllocatedBy(
            Frame(Opcode.Write, 500, 9, Body(77ul, 0ul, (uint)size, 0u, 0ul, 1u, 0u, new byte[size])), replyLength: 16 + 8));
    }

    /// <summary>Bytes that the reader thread allocates from one call of the file system to a later one.</summary>
    private static long AllocatedBy(byte[] frame, int replyLength)
    {
        var fileSystem = new CachedFileSystem();
        using var kernel = Initialized(fileSystem, OneReader);
        for (var i = 0; i < Warmup + Measured; i++)
        {
            kernel.SendRaw(frame);
            Assert.Equal(replyLength, kernel.ReceiveRaw());
        }
        Assert.Equal(Warmup + Measured, fileSystem.Operations);
        return fileSystem.AllocatedAtEnd - fileSystem.AllocatedAfterWarmup;
    }

    private sealed class CachedFileSystem : ScriptedFileSystem
    {
        private static readonly byte[] Block = GC.AllocateArray<byte>(32768, pinned: true);

        public int Operations { get; private set; }

        public long AllocatedAfterWarmup { get; private set; }

        public long AllocatedAtEnd { get; private set; }

        public override ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation)
        {
            into.Add(Block.AsMemory(0, 10000), owner: null);
            into.Add(Block.AsMemory(10000), owner: null);
            return Count();
        }

        public override ValueTask WriteAsync(
            ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation) => Count();

        private ValueTask Count()
        {
            AllocatedAtEnd = GC.GetAllocatedBytesForCurrentThread();
            if (++Operations == Warmup)
            {
                AllocatedAfterWarmup = AllocatedAtEnd;
            }
            return ValueTask.CompletedTask;
        }
    }
}
