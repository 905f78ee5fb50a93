using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Content;
using SseCFs.Content.Extents;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

/// <summary>A hole costs nothing, whatever its size: not when it is made, nor when it is read or sent.</summary>
public sealed class Holes : IDisposable
{
    private const int MiB = 1 << 20;
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    private readonly BlockPool _pool = new(MiB);
    private readonly StagingArea _area;
    private readonly StagedContent _staged;

    public Holes()
    {
        _area = new StagingArea(16 * MiB, _pool, new SpillFile(Path.GetTempPath()));
        _staged = new StagedContent(_area, null);
    }

    [Fact]
    public async Task A_file_of_terabytes_with_a_few_bytes_in_it_is_a_few_extents()
    {
        Assert.InRange(Allocated(() => _staged.TrySetSize(4 * TiB)), 0, 200);
        Assert.True(_staged.TryWrite(TiB, [1]));
        Assert.True(_staged.TryWrite(2 * TiB - 1, [2, 3]));
        Assert.InRange(Allocated(() => _staged.TryZero(10, 4 * TiB - 20)), 0, 1000);
        Assert.Equal((1, 0), (_staged.ExtentCount, _area.Bytes));
        Assert.True(_staged.TryWrite(3 * TiB, [4]));
        Assert.InRange(Allocated(() => _staged.TrySetSize(3 * TiB + 1)), 0, 1000);
        Assert.Equal([0, 0, 4], await Read(3 * TiB - 2, 100));
        Assert.Equal(3 * TiB, _staged.RunAt(0).End);
    }

    [Fact]
    public async Task Holes_in_written_content_give_its_memory_back()
    {
        Assert.True(_staged.TryWrite(0, Mount.Content(4 * MiB)));
        var before = _area.Bytes;
        for (var at = 0; at < 4 * MiB; at += MiB)
        {
            Assert.True(_staged.TryZero(at + 1000, MiB / 2));
        }
        Assert.InRange(_area.Bytes, 0, before - 4 * 3 * Block.Size);
        var model = Mount.Content(4 * MiB);
        for (var at = 0; at < 4 * MiB; at += MiB)
        {
            model.AsSpan(at + 1000, MiB / 2).Clear();
        }
        Assert.Equal(model, await Read(0, 4 * MiB));
        Assert.True(_staged.TryZero(0, 4 * MiB));
        Assert.Equal(0, _area.Bytes);
    }

    [Fact]
    public async Task What_is_spilled_need_not_be_loaded_to_be_zeroed()
    {
        Assert.True(_staged.TryWrite(0, Mount.Content(20 * MiB)));
        await _area.MakeRoomAsync(default);
        Assert.False(_staged.TryWrite(100, [1]));
        Assert.True(_staged.TryZero(100, 20 * MiB - 200));
        Assert.Equal(Mount.Content(20 * MiB)[..100], (await Read(0, 200))[..100]);
        Assert.Equal(Mount.Content(20 * MiB)[^100..], await Read(20 * MiB - 100, 100));
        Assert.InRange(_area.Bytes, 0, 2 * Block.Size);
    }

    [Fact]
    public async Task A_hole_is_read_from_one_block_of_zeros()
    {
        _staged.TrySetSize(TiB);
        var segments = new ReadSegments();
        await _staged.TryReadAsync(GiB, MiB, 0, segments, default);
        segments.Release();
        var areZeros = true;
        var allocated = Allocated(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                areZeros &= _staged.TryReadAsync(i * GiB, MiB, 0, segments, default).AsTask().IsCompletedSuccessfully;
                areZeros &= segments.Length == MiB && !segments[3].Span.ContainsAnyExcept((byte)0);
                segments.Release();
            }
        });
        Assert.True(areZeros);
        Assert.InRange(allocated, 0, 1000);
    }

    [Fact]
    public void Writing_over_what_is_in_memory_allocates_nothing()
    {
        var data = new byte[128 << 10];
        Assert.True(_staged.TryWrite(0, new byte[4 * MiB]));
        _staged.TryWrite(4096, data.AsSpan(0, 4096));
        Assert.Equal(0, Allocated(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                _staged.TryWrite(i * 4096, data.AsSpan(0, 4096));
                _staged.TryWrite(i * 4096 + 77, data);
            }
        }));
    }

    [Theory]
    [InlineData(GiB)]
    [InlineData(100 * GiB)]
    [InlineData(Upload.LargestObject)]
    public async Task Parts_of_zeros_are_one_block_of_memory_and_their_MD5_is_computed_once(long size)
    {
        _staged.TrySetSize(size);
        _staged.TryWrite(size / 2, [1]);
        var upload = new SeenUpload();
        var parts = PartPlan.Make(_staged, null);
        Assert.InRange(parts.Count, 1, IObjectStore.MaximumParts);
        Assert.All(
            parts.SkipLast(1), part => Assert.InRange(part.End - part.Start, IObjectStore.MinimumPartSize, IObjectStore.MaximumPartSize));
        var ofData = parts.Where(part => _staged.RunAt(part.Start) is not { Source: ExtentSource.Zeros } run || run.End < part.End).ToList();
        Assert.InRange(ofData.Sum(part => part.End - part.Start), 1, 2 * UploadPart.SmallestSize);
        foreach (var part in parts.Take(20).Union(ofData))
        {
            await part.SendAsync(upload, _staged, null, default);
        }
        var zeros = upload.Seen.Where(content => content.Md5 is not null).ToList();
        Assert.InRange(zeros.Select(content => content.Md5).Distinct().Count(), 1, 2);
        Assert.Single(zeros.SelectMany(content => new[] { content.Slices[0], content.Slices[5] }).Distinct());
        if (size == GiB)
        {
#pragma warning disable CA5351 // Content-MD5 is the protocol's
            Assert.All(zeros, content => Assert.Equal(MD5.HashData(new byte[content.Length]), content.Md5));
#pragma warning restore CA5351
        }
        Assert.InRange(_area.Bytes, 1, Block.Size);
    }

    [Fact]
    public void Scattered_bytes_in_a_large_file_are_few_enough_parts()
    {
        _staged.TrySetSize(TiB);
        for (var i = 0; i < 12_000; i++)
        {
            Assert.True(_staged.TryWrite(i * (TiB / 12_000), [1]));
        }
        var parts = PartPlan.Make(_staged, null);
        Assert.InRange(parts.Count, 5000, IObjectStore.MaximumParts);
        Assert.Equal(TiB, parts[^1].End);
    }

    [Fact]
    public void A_hole_in_a_stored_file_is_zeros_between_two_copies()
    {
        using var cache = new BlockCache(MiB, _pool);
        using var stored = new StoredContent(new MemoryStore(new FakeTimeProvider()), cache, "k", "1", 100 * GiB);
        using var staged = new StagedContent(_area, stored);
        staged.TryZero(40 * GiB, 20 * GiB);
        var metadata = new ObjectMetadata(new Dictionary<string, string>(), null);
        var parts = PartPlan.Make(staged, new ObjectInfo("k", 100 * GiB, "1", default, Encryption.CustomerKey, metadata));
        Assert.Equal(16, parts.Count(part => part.Copied));
        Assert.All(parts, part => Assert.True(part.Copied == (part.End <= 40 * GiB || part.Start >= 60 * GiB)));
        Assert.Equal([(40 * GiB, 60 * GiB)], staged.ZeroedSince(0));
    }

    [Fact]
    public void A_hole_as_large_as_an_object_may_be_has_room_in_what_a_streamed_upload_leaves()
    {
        using var staged = new StagedContent(_area, null);
        staged.TrySetSize(5 * TiB);
        var parts = PartPlan.Make(staged, null, number: 8900);
        Assert.True(parts[^1].Number <= IObjectStore.MaximumParts);
        Assert.All(parts, part => Assert.InRange(part.End - part.Start, 1, IObjectStore.MaximumPartSize));
        Assert.Equal(5 * TiB, parts[^1].End);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_parts_that_are_left_cannot_hold_is_too_large(bool isStored)
    {
        using var cache = new BlockCache(MiB, _pool);
        using var stored = new StoredContent(new MemoryStore(new FakeTimeProvider()), cache, "k", "1", 100 * GiB);
        using var staged = new StagedContent(_area, isStored ? stored : null);
        staged.TrySetSize(100 * GiB);
        var metadata = new ObjectMetadata(new Dictionary<string, string>(), null);
        var info = new ObjectInfo("k", 100 * GiB, "1", default, Encryption.CustomerKey, metadata);
        var refused = Assert.Throws<FsException>(() => PartPlan.Make(staged, isStored ? info : null, number: 9990));
        Assert.Equal(FsError.FileTooLarge, refused.Reason);
    }

    public void Dispose()
    {
        _staged.Dispose();
        _area.Dispose();
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private async Task<byte[]> Read(long offset, int length)
    {
        var segments = new ReadSegments();
        Assert.True(await _staged.TryReadAsync(offset, length, 0, segments, default));
        var data = Enumerable.Range(0, segments.Count).SelectMany(i => segments[i].ToArray()).ToArray();
        segments.Release();
        return data;
    }

    /// <summary>Keeps what it is given.</summary>
    private sealed class SeenUpload : IMultipartUpload
    {
        public List<ObjectContent> Seen { get; } = [];

        public string Key => "k";

        public string UploadId => "id";

        public string KeyFingerprint => "";

        public IReadOnlyDictionary<int, string> Parts => new Dictionary<int, string>();

        public ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation)
        {
            Seen.Add(content);
            return ValueTask.CompletedTask;
        }

        public ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public void LeaveOut(int above)
        {
        }

        public ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public void HandOver()
        {
        }

        public void TakeBack()
        {
        }

        public ValueTask AbortAsync() => ValueTask.CompletedTask;
    }
}
