using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

/// <summary>Staged content against an array of bytes, with room in memory for three chunks only.</summary>
public sealed class Staging
{
    private const int Largest = 10 * Block.Size;

    private static readonly Gen<(int Act, int Offset, int Length)[]> Steps = Gen.Select(
        Gen.Int[0, 7],
        Gen.Frequency((1, Gen.Int[0, Largest / 2]), (1, Gen.Int[0, 8].Select(i => i * Block.Size / 2))),
        Gen.Frequency((2, Gen.Int[0, 2000]), (1, Gen.Int[0, 3 * Block.Size]), (1, Gen.Int[1, 3].Select(i => i * Block.Size)))).Array[1, 40];

    [Fact]
    public Task Staged_content_is_what_an_array_would_be() =>
        Gen.Select(Gen.Int[0, 5 * Block.Size], Steps).SampleAsync((size, steps) => Run(size, steps), iter: 30, threads: 2);

    [Fact]
    public async Task What_is_dropped_while_it_is_loaded_is_no_error()
    {
        var pool = new BlockPool(1 << 20);
        using var area = new StagingArea(Block.Size, pool, new SpillFile(Path.GetTempPath()));
        for (var i = 0; i < 200; i++)
        {
            using var staged = new StagedContent(area, null);
            staged.TryWrite(0, Mount.Content(2 * Block.Size));
            await area.MakeRoomAsync(default);
            var loading = Task.Run(async () => await staged.LoadAsync(0, 2 * Block.Size, default));
            Thread.SpinWait(i * 20);
            staged.TrySetSize(0);
            await loading;
        }
    }

    private static async Task Run(int size, (int Act, int Offset, int Length)[] steps)
    {
        var store = new MemoryStore(new FakeTimeProvider());
        var pool = new BlockPool(1 << 20);
        using var cache = new BlockCache(2 << 20, pool);
        using var area = new StagingArea(3 * Block.Size, pool, new SpillFile(Path.GetTempPath()));
        var model = Mount.Content(size);
        store.PutForeign("k", model);
        using var stored = size == 0 ? null : new StoredContent(store, cache, "k", store["k"].ETag, size);
        using var staged = new StagedContent(area, stored);
        var seed = 1;
        foreach (var (act, offset, length) in steps)
        {
            switch (act)
            {
                case <= 2:
                    var data = Mount.Content(length, ++seed);
                    while (!staged.TryWrite(offset, data))
                    {
                        await staged.LoadAsync(offset, length, default);
                    }
                    if (length > 0)
                    {
                        Array.Resize(ref model, Math.Max(model.Length, offset + length));
                        data.CopyTo(model, offset);
                    }
                    break;
                case 3:
                    staged.TrySetSize(offset);
                    Array.Resize(ref model, offset);
                    break;
                case 4:
                    Assert.True(staged.TryZero(offset, length));
                    model.AsSpan(Math.Min(offset, model.Length), Math.Clamp(model.Length - offset, 0, length)).Clear();
                    break;
                case 5:
                    var part = await Read(staged, offset, length);
                    Assert.True(model.AsSpan(Math.Min(offset, model.Length), Math.Clamp(model.Length - offset, 0, length)).SequenceEqual(part), $"{length} bytes from {offset} differ");
                    break;
                default:
                    await area.MakeRoomAsync(default);
                    Assert.True(area.Bytes <= 3 * Block.Size, "beyond the limit");
                    break;
            }
            Assert.Equal(model.Length, staged.Size);
        }
        var read = await Read(staged, 0, model.Length);
        Assert.True(model.AsSpan().SequenceEqual(read), "the whole differs");
        var gathered = await Gather(staged);
        Assert.True(model.AsSpan().SequenceEqual(gathered), "what is uploaded differs");
        await CheckJournal(staged, model, store, cache, area, size);
        using var after = new StoredContent(store, cache, "k", "gone", model.Length);
        staged.Seed(after);
        CheckSeeded(after, model);
        staged.Dispose();
        Assert.Equal(0, area.Bytes);
    }

    /// <summary>What the journal keeps of it, put over the stored version again, is the same file.</summary>
    private static async Task CheckJournal(
        StagedContent staged, byte[] model, MemoryStore store, BlockCache cache, StagingArea area, int size)
    {
        using var stored = size == 0 ? null : new StoredContent(store, cache, "k", store["k"].ETag, size);
        using var again = new StagedContent(area, stored);
        again.TrySetSize(staged.StoredEnd);
        again.TrySetSize(staged.Size);
        foreach (var (start, end) in staged.ZeroedSince(0))
        {
            Assert.True(again.TryZero(start, end - start));
        }
        foreach (var (start, end) in staged.ChangedSince(0))
        {
            Assert.True(again.TryWrite(start, model.AsSpan((int)start, (int)(end - start))));
        }
        var read = await Read(again, 0, model.Length);
        Assert.True(model.AsSpan().SequenceEqual(read), "the journal differs");
    }

    private static void CheckSeeded(StoredContent after, byte[] model)
    {
        for (var index = 0; index * Block.Size < model.Length; index++)
        {
            if (after.TryLease(index) is { } block)
            {
                var expected = model.AsSpan(index * Block.Size, Math.Min(Block.Size, model.Length - index * Block.Size));
                Assert.InRange(block.Length, expected.Length, Block.Size);
                Assert.True(expected.SequenceEqual(block.Content.Span[..expected.Length]), $"block {index} of the new version differs");
                block.Release();
            }
        }
    }

    private static async Task<byte[]> Read(StagedContent staged, int offset, int length)
    {
        var segments = new ReadSegments();
        await staged.TryReadAsync(offset, length, 0, segments, default);
        var data = Join(Enumerable.Range(0, segments.Count).Select(i => segments[i]).ToList());
        segments.Release();
        return data;
    }

    private static async Task<byte[]> Gather(StagedContent staged)
    {
        var slices = new List<ReadOnlyMemory<byte>>();
        var leases = new List<ISharedMemory>();
        await staged.GatherAsync(0, staged.Size, slices, leases, default);
        var data = Join(slices);
        leases.ForEach(lease => lease.Release());
        return data;
    }

    private static byte[] Join(List<ReadOnlyMemory<byte>> slices) => MemoryStore.Join(new ObjectContent(slices, slices.Sum(slice => (long)slice.Length)));
}
