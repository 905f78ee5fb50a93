using System.Text;

namespace SseCFs.Contract;

/// <summary>
/// File names are any bytes but NUL and '/'; keys must be UTF-8. A byte that is not part of valid UTF-8 stands in the key as U+201B and two
/// upper-case hex digits, the form in which rclone writes it. Where a valid name holds that very sequence, the U+201B itself is
/// written so, byte by byte. Every name has exactly one form in a key, and a segment that is no name's form is not shown.
/// </summary>
public static class FileName
{
    /// <summary>Bytes in a name at most, as Linux has it.</summary>
    public const int LongestName = 255;

    /// <summary>Bytes in an S3 key at most.</summary>
    public const int LongestKey = 1024;

    private const char Quote = '‛';
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The segment of a key that stands for a name. A name too long is <see cref="FsError.NameTooLong"/>.</summary>
    public static string ToSegment(ReadOnlySpan<byte> name)
    {
        if (name.Length > LongestName)
        {
            throw new FsException(FsError.NameTooLong, "a name is longer than 255 bytes");
        }
        return Ascii.IsValid(name) ? Encoding.ASCII.GetString(name) : Encode(name);
    }

    /// <summary>The name that a segment stands for; null if no file system can show it.</summary>
    public static byte[]? ToName(string segment)
    {
        if (segment is "" or "." or ".." || segment.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }
        byte[] name;
        try
        {
            name = segment.Contains(Quote, StringComparison.Ordinal) ? Decode(segment) : Strict.GetBytes(segment);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
        return name.Length <= LongestName && (Ascii.IsValid(segment) || ToSegment(name) == segment) ? name : null;
    }

    private static string Encode(ReadOnlySpan<byte> name)
    {
        var result = new StringBuilder(name.Length + 16);
        while (name.Length > 0)
        {
            if (Rune.DecodeFromUtf8(name, out var rune, out var used) != System.Buffers.OperationStatus.Done
                || rune.Value == Quote && EscapedByte(name[used..]) is not null)
            {
                for (var i = 0; i < used; i++)
                {
                    result.Append(Quote).Append(name[i].ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
                }
            }
            else
            {
                result.Append(rune.ToString());
            }
            name = name[used..];
        }
        return result.ToString();
    }

    private static byte[] Decode(string segment)
    {
        var bytes = Strict.GetBytes(segment);
        var result = new List<byte>(bytes.Length);
        ReadOnlySpan<byte> rest = bytes;
        while (rest.Length > 0)
        {
            if (rest.StartsWith("‛"u8) && EscapedByte(rest[3..]) is { } value)
            {
                result.Add(value);
                rest = rest[5..];
            }
            else
            {
                result.Add(rest[0]);
                rest = rest[1..];
            }
        }
        return [.. result];
    }

    /// <summary>The byte that two digits after a quote stand for. Bytes below 0x80 are valid UTF-8 and never escaped.</summary>
    private static byte? EscapedByte(ReadOnlySpan<byte> digits) =>
        digits.Length >= 2 && IsUpperHex(digits[0]) && IsUpperHex(digits[1]) && digits[0] >= (byte)'8'
            ? byte.Parse(digits[..2], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture)
            : null;

    private static bool IsUpperHex(byte digit) => digit is >= (byte)'0' and <= (byte)'9' or >= (byte)'A' and <= (byte)'F';
}
