using SseCFs.Content;

namespace SseCFs.Tests.Content;

public sealed class ReadingAhead
{
    private const long Size = 1L << 30;

    [Fact]
    public void In_sequence_the_window_grows_to_its_limit_and_stays_ahead()
    {
        var reading = new ReadAhead(8 << 20);
        long farthest = 0;
        for (long offset = 0; offset < 64 << 20; offset += 128 << 10)
        {
            var end = offset + (128 << 10);
            farthest = Math.Max(farthest, reading.Observe(offset, 128 << 10, Size, isCached: false));
            Assert.InRange(farthest, end, end + (8 << 20));
        }
        Assert.True(farthest > (64 << 20) + (3 << 20), "the reader has nearly caught up");
    }

    [Fact]
    public void At_random_only_what_is_asked_is_fetched()
    {
        var reading = new ReadAhead(8 << 20);
        for (var i = 1; i < 50; i++)
        {
            var offset = i * 7_919_111L % Size / 2 + (i % 2) * (Size / 2);
            Assert.Equal(offset + 4096, reading.Observe(offset, 4096, Size, isCached: false));
        }
    }

    [Fact]
    public void At_random_and_on_and_on_a_file_that_fits_into_the_cache_is_gathered()
    {
        const long size = 16 << 20;
        var reading = new ReadAhead(8 << 20);
        long[] behind = [.. Enumerable.Range(1, 50).Select(i => Read(reading, i, isCached: false))];
        Assert.All(behind[..7], ahead => Assert.Equal(0, ahead));
        Assert.Equal(behind.Order(), behind);
        Assert.Equal(1 << 20, behind[^1]);
        Assert.Equal(0, Read(reading, 51, isCached: true));

        static long Read(ReadAhead reading, int i, bool isCached)
        {
            var offset = (i % 2 * 7 + i % 3) << 20;
            return reading.Observe(offset, 4096, size, isCached) - offset - 4096;
        }
    }

    [Fact]
    public void Neighbours_that_came_in_the_wrong_order_are_still_a_sequence()
    {
        var reading = new ReadAhead(8 << 20);
        const int step = 128 << 10;
        for (var i = 0; i < 40; i += 2)
        {
            reading.Observe((i + 1) * (long)step, step, Size, isCached: false);
            reading.Observe(i * (long)step, step, Size, isCached: false);
        }
        var ahead = Enumerable.Range(40, 60).Max(i => reading.Observe(i * (long)step, step, Size, isCached: false));
        Assert.True(ahead > 100L * step, "no reading ahead");
    }

    [Fact]
    public void Nothing_is_fetched_beyond_the_end()
    {
        var reading = new ReadAhead(8 << 20);
        Assert.All(Enumerable.Range(0, 20), i => Assert.True(reading.Observe(i * 4096, 4096, 50_000, isCached: false) <= 50_000));
    }
}
