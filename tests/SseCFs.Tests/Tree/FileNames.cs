using System.Text;
using CsCheck;

namespace SseCFs.Tests.Tree;

public sealed class FileNames
{
    // Bytes that matter to the escape come often: the quote's own three, its digits, and bytes that are no UTF-8.
    private static readonly Gen<byte[]> Names = Gen.Frequency(
        (1, Gen.Byte[1, 255].Where(b => b != (byte)'/').Array[1, 40]),
        (2, Gen.Int[0, 7].Select(i => new byte[][] { [0xE2, 0x80, 0x9B], [0xE2], [0x80], [(byte)'8'], [(byte)'0'], [(byte)'F'], [0xC3, 0xBC], [0xFF] }[i])
            .Array[1, 12].Select(parts => parts.SelectMany(p => p).ToArray())));

    [Fact]
    public void Every_name_has_a_form_in_a_key_and_comes_back_from_it() =>
        Names.Where(name => Encoding.Latin1.GetString(name) is not ("." or "..")).Sample(name =>
        {
            var segment = FileName.ToSegment(name);
            Assert.Equal(name, FileName.ToName(segment));
            Assert.DoesNotContain('/', segment);
        });

    [Fact]
    public void Two_names_never_share_a_form() =>
        Gen.Select(Names, Names).Sample((a, b) =>
            Assert.Equal(a.AsSpan().SequenceEqual(b), FileName.ToSegment(a) == FileName.ToSegment(b)));

    [Theory]
    [InlineData("plain.txt", "plain.txt")]
    [InlineData("ü ‛ x", "ü ‛ x")]
    [InlineData("‛7F", "‛7F")]
    public void Valid_names_stand_as_they_are(string name, string segment) =>
        Assert.Equal(segment, FileName.ToSegment(Encoding.UTF8.GetBytes(name)));

    [Fact]
    public void Bytes_that_are_no_UTF8_are_quoted() => Assert.Equal("a‛FFb", FileName.ToSegment([(byte)'a', 0xFF, (byte)'b']));

    [Fact]
    public void What_looks_quoted_already_is_quoted_itself() => Assert.Equal("‛E2‛80‛9BFF", FileName.ToSegment("‛FF"u8));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a\0b")]
    // Nobody's form: these bytes are valid UTF-8 together, so the name is written otherwise.
    [InlineData("‛C3‛BC")]
    public void Segments_that_no_name_has_are_not_shown(string segment) => Assert.Null(FileName.ToName(segment));

    [Fact]
    public void Half_of_a_surrogate_pair_is_not_shown() => Assert.Null(FileName.ToName("a" + (char)0xD800));

    [Fact]
    public void Names_end_at_255_bytes()
    {
        Assert.Equal(255, FileName.ToName(new string('x', 255))!.Length);
        Assert.Null(FileName.ToName(new string('x', 256)));
        Assert.Null(FileName.ToName(new string('ü', 128)));
        Assert.Equal(FsError.NameTooLong, Assert.Throws<FsException>(() => FileName.ToSegment(new byte[256])).Reason);
    }
}
