using System.Text;
using CsCheck;
using SseCFs.Outbox;

namespace SseCFs.Tests.Outbox;

public sealed class ConflictKeys
{
    private static readonly DateTimeOffset Time = new(2031, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    [Theory]
    [InlineData("f", 1, "f.conflict-host-20310203T040506789Z")]
    [InlineData("a/b/f.txt", 2, "a/b/f.txt.conflict-host-20310203T040506789Z-2")]
    public void They_tell_host_and_time(string key, int number, string expected) => Assert.Equal(expected, ConflictKey.Of(key, "host", Time, number));

    [Fact]
    public void They_are_cut_where_the_addition_would_make_them_too_long() =>
        Gen.Select(Gen.Int[1, 255], Gen.Int[0, 900], Gen.Char["aä€‛\uD83D"], Gen.Int[1, 100], Gen.Int[1, 90]).Sample((length, above, letter, number, hostLength) =>
        {
            var directory = string.Concat(Enumerable.Repeat(new string('d', 200) + "/", above / 201)) + (above % 201 > 1 ? new string('d', above % 201 - 1) + "/" : "");
            var text = letter == '\uD83D' ? "😀" : letter.ToString();
            var name = new StringBuilder();
            while (Encoding.UTF8.GetByteCount(name + text) <= length)
            {
                name.Append(text);
            }
            if (name.Length == 0 || Encoding.UTF8.GetByteCount(directory + name) >= FileName.LongestKey)
            {
                return;
            }
            var key = ConflictKey.Of(directory + name, new string('h', hostLength), Time, number);
            Assert.InRange(Encoding.UTF8.GetByteCount(key), 1, FileName.LongestKey - 1);
            var segment = key[(key.LastIndexOf('/') + 1)..];
            Assert.NotNull(FileName.ToName(segment));
            Assert.StartsWith(key[..(key.LastIndexOf('/') + 1)], directory, StringComparison.Ordinal);
            Assert.StartsWith(segment[..segment.IndexOf(".conflict-", StringComparison.Ordinal)], name.ToString(), StringComparison.Ordinal);
        });

    [Fact]
    public void A_name_of_bytes_that_are_no_text_is_cut_between_them()
    {
        var segment = FileName.ToSegment(Enumerable.Repeat((byte)0xFF, 250).ToArray());
        var key = ConflictKey.Of(segment, "host", Time, 1);
        Assert.InRange(Encoding.UTF8.GetByteCount(key), 1, FileName.LongestKey - 1);
        Assert.NotNull(FileName.ToName(key));
    }

    [Fact]
    public void A_path_that_leaves_no_room_has_it_in_a_directory_above()
    {
        var directory = string.Concat(Enumerable.Repeat(new string('d', 250) + "/", 4));
        var key = ConflictKey.Of(directory + "f", "host", Time, 1);
        Assert.Equal(directory[..(3 * 251)] + "f.conflict-host-20310203T040506789Z", key);
    }
}
