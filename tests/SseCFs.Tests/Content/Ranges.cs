using CsCheck;
using SseCFs.Content;

namespace SseCFs.Tests.Content;

public sealed class Ranges
{
    private const int Length = 40;

    [Fact]
    public void Ranges_are_what_a_row_of_flags_would_be() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, Length], Gen.Int[0, Length]).Array[1, 30].Sample(steps =>
        {
            var ranges = new ByteRanges();
            var flags = new bool[Length];
            foreach (var (act, a, b) in steps)
            {
                var (start, end) = (Math.Min(a, b), Math.Max(a, b));
                if (act == 0)
                {
                    ranges.Cut(end);
                    flags.AsSpan(end).Clear();
                }
                else
                {
                    ranges.Add(start, end);
                    flags.AsSpan(start, end - start).Fill(true);
                }
                Assert.Equal(!flags.AsSpan(start, end - start).Contains(false), ranges.Covers(start, end));
            }
            var last = -1;
            var seen = new bool[Length];
            for (var i = 0; i < ranges.Count; i++)
            {
                Assert.True(last < ranges[i].Start && ranges[i].Start < ranges[i].End, "in order, apart from each other, none empty");
                last = ranges[i].End;
                seen.AsSpan(ranges[i].Start, ranges[i].End - ranges[i].Start).Fill(true);
            }
            Assert.Equal(flags, seen);
            Assert.Equal(Array.LastIndexOf(flags, true) + 1, ranges.End);
        });
}
