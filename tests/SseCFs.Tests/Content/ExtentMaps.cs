using CsCheck;
using SseCFs.Content;
using SseCFs.Content.Extents;

namespace SseCFs.Tests.Content;

public sealed class ExtentMaps
{
    private const int Largest = 3000;

    private static readonly Gen<(int Act, int Offset, int Length)[]> Steps =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, Largest], Gen.Frequency((20, Gen.Int[1, 4]), (1, Gen.Int[1, Largest]))).Array[1, 2000];

    /// <summary>Short ranges in a long file, so that there are many extents; now and then a long one that covers many of them.</summary>
    [Fact]
    public void A_map_is_what_an_array_of_sources_would_be() => Gen.Select(Gen.Int[0, Largest], Steps).Sample((stored, steps) =>
    {
        var map = new ExtentMap(stored);
        var model = Enumerable.Repeat(ExtentSource.Stored, stored).ToArray();
        var changed = new long[Largest * 2];
        var stamp = 0L;
        foreach (var (act, offset, length) in steps)
        {
            var (start, end) = (Math.Min(offset, model.Length), Math.Min(offset + length, model.Length));
            if (act == 0 && length > 4)
            {
                map.Resize(offset);
                Array.Resize(ref model, offset);
                Mark(model, start, offset, ExtentSource.Zeros);
            }
            else if (act <= 4)
            {
                map.Write(offset, offset + length);
                var before = model.Length;
                Array.Resize(ref model, Math.Max(before, offset + length));
                Mark(model, before, model.Length, ExtentSource.Zeros);
                Mark(model, offset, offset + length, ExtentSource.Written);
            }
            else if (start < end && act <= 7)
            {
                map.Zero(start, end, ++stamp);
                changed.AsSpan(start, end - start).Fill(stamp);
                Mark(model, start, end, ExtentSource.Zeros);
            }
            else if (start < end)
            {
                map.Upload(start, end);
                Mark(model, start, end, ExtentSource.Uploaded);
            }
            Assert.Equal(model.Length, map.Size);
        }
        Assert.Equal(model, Sources(map));
        Assert.True(Enumerable.Range(0, model.Length).All(i => map.Has(model[i], i, i + 1) && map.Covers(model[i], i, i + 1)));
        Assert.True(map.Count <= model.Length, "an empty extent is kept");
        foreach (var (_, offset, length) in steps.Take(50))
        {
            CheckQuestions(map, model, changed, offset, Math.Min(offset + length, model.Length));
        }
        Assert.Equal(model.Count(source => source == ExtentSource.Stored), map.DropStored());
        model.AsSpan().Replace(ExtentSource.Stored, ExtentSource.Zeros);
        Assert.Equal(model, Sources(map));
    }, iter: 60);

    [Fact]
    public void Neighbors_with_one_source_are_one_extent()
    {
        var map = new ExtentMap(0);
        for (var i = 0; i < 10_000; i++)
        {
            map.Write(i * 100L, (i + 1) * 100L);
        }
        Assert.Equal(1, map.Count);
        for (var i = 0; i < 10_000; i += 2)
        {
            map.Zero(i * 100L, (i + 1) * 100L, 1);
        }
        Assert.Equal(10_000, map.Count);
        map.Zero(0, map.Size, 2);
        Assert.Equal((1, new Extent(0, 1_000_000, ExtentSource.Zeros, 2)), (map.Count, map.At(0)));
    }

    [Fact]
    public void Stored_content_is_needed_up_to_a_block_that_has_none()
    {
        var map = new ExtentMap(10 * Block.Size);
        map.Write(2 * Block.Size + 5, 3 * Block.Size);
        map.Write(5 * Block.Size - 1, 6 * Block.Size);
        Assert.Equal(5 * Block.Size, map.StoredReach(0, long.MaxValue));
        Assert.Equal(4 * Block.Size, map.StoredReach(0, 4 * Block.Size));
        Assert.Equal(5 * Block.Size, map.StoredReach(5 * Block.Size, long.MaxValue));
        Assert.Equal(10 * Block.Size, map.StoredReach(6 * Block.Size, long.MaxValue));
    }

    private static void Mark(ExtentSource[] model, int start, int end, ExtentSource source) =>
        model.AsSpan(start, end - start).Fill(source);

    private static void CheckQuestions(ExtentMap map, ExtentSource[] model, long[] changed, int start, int end)
    {
        if (start >= end)
        {
            return;
        }
        var run = map.RunAt(start, end);
        var same = model[start..end].TakeWhile(source => source == model[start]).Count();
        Assert.Equal(new Extent(start, start + same, model[start]), run with { ChangedAt = 0 });
        if (map.TryNext(ExtentSource.Zeros, start, end, out var zeros))
        {
            Assert.InRange(zeros.Start, start, end - 1);
            var places = Enumerable.Range((int)zeros.Start, (int)zeros.Length);
            Assert.All(places, i => Assert.True(model[i] == ExtentSource.Zeros && changed[i] <= zeros.ChangedAt));
        }
        Assert.Equal(model.AsSpan(start, end - start).Contains(ExtentSource.Written), map.TryNext(ExtentSource.Written, start, end, out _));
    }

    private static ExtentSource[] Sources(ExtentMap map)
    {
        var sources = new ExtentSource[map.Size];
        var runs = 0;
        for (var run = default(Extent); run.End < map.Size;)
        {
            run = map.At(run.End);
            Assert.True(run.Length > 0, "an extent is empty");
            Mark(sources, (int)run.Start, (int)run.End, run.Source);
            Assert.True(++runs <= map.Size);
        }
        return sources;
    }
}
