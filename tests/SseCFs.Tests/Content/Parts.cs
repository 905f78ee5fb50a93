using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

/// <summary>How a changed file is cut into parts that are copied by the service and parts that are sent.</summary>
public sealed class Parts : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Size = 64 * MiB + 1000;

    private readonly MemoryStore _store = new(new FakeTimeProvider());
    private readonly BlockPool _pool = new(MiB);
    private readonly BlockCache _cache;
    private readonly StagingArea _area;
    private readonly ObjectInfo _info = new("k", Size, "\"1\"", default, Encryption.CustomerKey, new ObjectMetadata(new Dictionary<string, string>(), null));

    public Parts()
    {
        _cache = new BlockCache(MiB, _pool);
        _area = new StagingArea(64 * MiB, _pool, new SpillFile(Path.GetTempPath()));
    }

    [Fact]
    public void They_are_the_file_and_none_but_the_last_is_too_small_and_what_changed_is_sent() =>
        Gen.Select(Gen.Int[-3 * MiB, 3 * MiB], Gen.Int[0, Size].Array[0, 8]).Sample((growth, changes) =>
        {
            var end = 0L;
            using var staged = Changed(changes);
            staged.TrySetSize(Size + growth);
            var parts = PartPlan.Make(staged, _info);
            foreach (var (part, i) in parts.Select((part, i) => (part, i)))
            {
                Assert.Equal((i + 1, end), (part.Number, part.Start));
                Assert.True(part.End - part.Start >= IObjectStore.MinimumPartSize || part.End == staged.Size, "too small");
                Assert.True(!part.Copied || staged.IsUntouched(part.Start, part.End), "a change is not sent");
                end = part.End;
            }
            Assert.Equal(staged.Size, end);
        });

    [Theory]
    [InlineData(0, 5 * MiB)]
    [InlineData(3 * MiB, 5 * MiB)]
    [InlineData(32 * MiB - 100, 5 * MiB)]
    [InlineData(62 * MiB, 2 * MiB + 1000)]
    [InlineData(Size, 200)]
    public void Around_a_change_hardly_more_is_sent_than_the_smallest_part(int at, int sent)
    {
        using var staged = Changed(at);
        Assert.Equal(sent, PartPlan.Make(staged, _info).Where(part => !part.Copied).Sum(part => part.End - part.Start));
    }

    public void Dispose()
    {
        _area.Dispose();
        _cache.Dispose();
    }

    /// <summary>Each change is of 200 bytes.</summary>
    private StagedContent Changed(params int[] changes)
    {
        var staged = new StagedContent(_area, new StoredContent(_store, _cache, "k", _info.ETag, Size));
        foreach (var at in changes)
        {
            Assert.True(staged.TryWrite(at, new byte[200]));
        }
        return staged;
    }
}
