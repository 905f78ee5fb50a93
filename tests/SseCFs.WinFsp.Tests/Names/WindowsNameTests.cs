using System.Text;
using CsCheck;
using SseCFs.WinFsp.Names;

namespace SseCFs.WinFsp.Tests.Names;

public sealed class WindowsNameTests
{
    // Bytes of any kind, and what the mapping is about.
    private static readonly Gen<byte[]> Names = Gen.OneOf(
            Gen.Byte.Where(b => b is not (0 or (byte)'/')).Array[1, 12],
            Gen.Char['\uF000', '\uF0FF'].Select(c => Encoding.UTF8.GetBytes([c])),
            Gen.OneOf(Gen.Const("."), Gen.Const(" "), Gen.Const(":"), Gen.Const("CON"), Gen.Const("nul"), Gen.Const("com1"), Gen.Const("a")).Select(Encoding.UTF8.GetBytes))
        .Array[1, 5]
        .Select(pieces => pieces.SelectMany(piece => piece).ToArray())
        .Where(name => name is not ([(byte)'.'] or [(byte)'.', (byte)'.']));

    [Theory]
    [InlineData("letter.txt", "letter.txt")]
    [InlineData("a:b?c", "a\uF03Ab\uF03Fc")]
    [InlineData("\"*<>|\\", "\uF022\uF02A\uF03C\uF03E\uF07C\uF05C")]
    [InlineData("tab\there", "tab\uF009here")]
    [InlineData("dot.", "dot\uF02E")]
    [InlineData("space ", "space\uF020")]
    [InlineData("...", "..\uF02E")]
    [InlineData("CON", "\uF043ON")]
    [InlineData("nul.tar.gz", "\uF06Eul.tar.gz")]
    [InlineData("com1.txt", "\uF063om1.txt")]
    [InlineData("LPT9 .x", "\uF04CPT9 .x")]
    [InlineData("com0", "com0")]
    [InlineData("console", "console")]
    [InlineData("ünï€😀", "ünï€😀")]
    public void What_Windows_forbids_stands_in_the_private_area(string name, string shown)
    {
        Assert.Equal(shown, WindowsName.Of(Encoding.UTF8.GetBytes(name)));
        Assert.Equal(name, Encoding.UTF8.GetString(WindowsName.ToName(shown)!));
    }

    [Fact]
    public void Bytes_that_are_no_text_appear_as_in_keys()
    {
        byte[] name = [(byte)'a', 0xFF];
        Assert.Equal("a‛FF", WindowsName.Of(name));
        Assert.Equal(name, WindowsName.ToName("a‛FF"));
    }

    [Theory]
    [InlineData("a:b")]
    [InlineData("a*")]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a\uF02Fb\u0001")]
    [InlineData("a‛EF‛81‛81")]
    public void No_file_has_such_a_name(string shown) => Assert.Null(WindowsName.ToName(shown));

    [Fact]
    public void Half_a_character_is_no_name() => Assert.Null(WindowsName.ToName("a\uD800"));

    [Theory]
    [InlineData("icon\uF041")]
    [InlineData("\uF000\uF088\uF0FF")]
    [InlineData("\uF02Ebegin")]
    [InlineData("\uF043OM")]
    public void Other_private_characters_are_the_names_own(string name)
    {
        Assert.Equal(name, WindowsName.Of(Encoding.UTF8.GetBytes(name)));
        Assert.Equal(name, Encoding.UTF8.GetString(WindowsName.ToName(name)!));
    }

    [Theory]
    [InlineData("a\uF03A:", "a‛EF‛80‛BA\uF03A")]
    [InlineData("\uF043ON", "‛EF‛81‛83ON")]
    [InlineData("end\uF02E", "end‛EF‛80‛AE")]
    public void What_would_be_taken_for_another_character_appears_as_in_keys(string name, string shown)
    {
        Assert.Equal(shown, WindowsName.Of(Encoding.UTF8.GetBytes(name)));
        Assert.Equal(name, Encoding.UTF8.GetString(WindowsName.ToName(shown)!));
    }

    [Fact]
    public void Every_name_comes_back_as_it_was() => Names.Sample(name =>
    {
        var shown = WindowsName.Of(name);
        Assert.DoesNotMatch("""[<>:"|?*\\\x01-\x1F]|[. ]$""", shown);
        Assert.True(shown.Length <= WindowsName.Longest);
        return WindowsName.ToName(shown).AsSpan().SequenceEqual(name);
    });

    [Theory]
    [InlineData("../a/b:c", "..\\a\\b\uF03Ac")]
    [InlineData("/etc/x", "\\etc\\x")]
    [InlineData("./con", ".\\\uF063on")]
    public void A_links_target_is_a_path(string posix, string windows)
    {
        Assert.Equal(windows, WindowsName.OfPosixPath(posix));
        Assert.Equal(posix, WindowsName.ToPosixPath(windows));
    }

    [Theory]
    [InlineData("Readme.txt", ".txt")]
    [InlineData("Readme", "")]
    [InlineData(".Profile", "")]
    [InlineData("a.tar.gz", ".gz")]
    public void The_name_that_has_to_stand_back_keeps_its_extension(string name, string extension)
    {
        var alias = CaseAlias.Of(name, Encoding.UTF8.GetBytes(name));
        Assert.Matches($"^{name[..(name.Length - extension.Length)].Replace(".", "\\.", StringComparison.Ordinal)}~[0-9a-f]{{8}}{extension}$", alias);
        Assert.True(CaseAlias.TryParse(alias.ToUpperInvariant(), out var shown, out var digits));
        Assert.Equal((name.ToUpperInvariant(), CaseAlias.DigitsOf(Encoding.UTF8.GetBytes(name))), (shown, digits));
        Assert.False(CaseAlias.TryParse(name, out _, out _));
    }

    [Fact]
    public void Of_names_that_differ_in_case_the_first_appears_as_it_is()
    {
        var shown = FolderNames.Show(new[] { "b", "readme", "README", "a", "Readme" }.Select(Encoding.UTF8.GetBytes)).Select(one => one.Text).ToList();
        Assert.Equal(5, shown.Count);
        Assert.Equal("a", shown[0]);
        Assert.Equal("b", shown[1]);
        Assert.Equal("README", shown[2]);
        Assert.All(shown.Skip(3), name => Assert.Matches("(?i)^readme~[0-9a-f]{8}$", name));
        Assert.Equal(5, shown.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }
}
