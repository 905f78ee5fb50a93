using SseCFs.Cache;

namespace SseCFs.Tests.Cache;

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
            farthest = Math.Max(farthest, reading.Observe(offset, 128 << 10, Size));
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
            Assert.Equal(offset + 4096, reading.Observe(offset, 4096, Size));
        }
    }

    [Fact]
    public void Neighbours_that_came_in_the_wrong_order_are_still_a_sequence()
    {
        var reading = new ReadAhead(8 << 20);
        const int step = 128 << 10;
        for (var i = 0; i < 40; i += 2)
        {
            reading.Observe((i + 1) * (long)step, step, Size);
            reading.Observe(i * (long)step, step, Size);
        }
        var ahead = Enumerable.Range(40, 60).Max(i => reading.Observe(i * (long)step, step, Size));
        Assert.True(ahead > 100L * step, "no reading ahead");
    }

    [Fact]
    public void Nothing_is_fetched_beyond_the_end()
    {
        var reading = new ReadAhead(8 << 20);
        Assert.All(Enumerable.Range(0, 20), i => Assert.True(reading.Observe(i * 4096, 4096, 50_000) <= 50_000));
    }
}
