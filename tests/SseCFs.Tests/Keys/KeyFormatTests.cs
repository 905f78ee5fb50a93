using System.Text;
using SseCFs.Keys;
using Xunit;

namespace SseCFs.Tests.Keys;

public sealed class KeyFormatTests
{
    private static readonly byte[] Ascii = "0123456789abcdefghijklmnopqrstuv"u8.ToArray();
    private static readonly byte[] Binary = [.. Enumerable.Range(0, 31).Select(i => (byte)(i * 9)), (byte)'\n'];

    public static TheoryData<byte[], byte[]> Accepted => new()
    {
        { Ascii, Ascii },
        { [.. Ascii, (byte)'\n'], Ascii },
        { [.. Ascii, (byte)'\r', (byte)'\n'], Ascii },
        { Binary, Binary },
        { [.. Binary, (byte)'\n'], Binary },
        { new byte[32], new byte[32] },
        { [.. Binary[..31], (byte)'\r', (byte)'\n'], [.. Binary[..31], (byte)'\r'] },
        { Encoding.ASCII.GetBytes(Convert.ToBase64String(Binary)), Binary },
        { Encoding.ASCII.GetBytes(Convert.ToBase64String(Binary) + "\n"), Binary },
        { Encoding.ASCII.GetBytes(Convert.ToHexString(Binary)), Binary },
        { Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Binary) + "\n"), Binary },
        { Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Binary) + "\r\n"), Binary },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public void EveryFormGivesItsKey(byte[] text, byte[] key)
    {
        using var parsed = KeyFormat.Parse(text, "here");
        Assert.Equal(key, parsed.Bytes.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(43)]
    [InlineData(45)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(66)]
    [InlineData(100)]
    public void AnyOtherLengthIsRefusedAndNamed(int length)
    {
        var text = Enumerable.Repeat((byte)'A', length).ToArray();
        var refusal = Assert.Throws<KeySourceException>(() => KeyFormat.Parse(text, "file:/k"));
        Assert.StartsWith($"file:/k gives {length} bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoNewlinesAreOneTooMany()
    {
        var refusal = Assert.Throws<KeySourceException>(() => KeyFormat.Parse([.. Ascii, (byte)'\n', (byte)'\n'], "here"));
        Assert.Contains("33 bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(44, "base64")]
    [InlineData(64, "hexadecimal")]
    public void TheRightLengthInWrongCharactersIsRefusedWithoutShowingThem(int length, string form)
    {
        var text = Enumerable.Repeat((byte)'!', length).ToArray();
        var refusal = Assert.Throws<KeySourceException>(() => KeyFormat.Parse(text, "here"));
        Assert.Contains(form, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("!!", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FortyFourCharactersOfBase64WithoutPaddingAreThirtyThreeBytes()
    {
        var text = Encoding.ASCII.GetBytes(Convert.ToBase64String(new byte[33]));
        Assert.Equal(44, text.Length);
        Assert.Throws<KeySourceException>(() => KeyFormat.Parse(text, "here"));
    }
}
