using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SseCFs.WinFsp.Names;

/// <summary>
/// Names as Windows shows them. A character that Windows forbids stands there as the one of Unicode's private use area that is 0xF000 above it, as in WinFsp's POSIX mapping,
/// Cygwin and WSL; beyond WinFsp's, so do a dot or space at the end of a name and the first letter of a device's name (CON, NUL.txt), which the Win32 layer would take away or
/// not let through. Bytes that are no UTF-8 appear as <see cref="FileName"/> writes them in keys, and so does a character of that area that a name has itself, where it would be
/// taken for another one: every name is shown in one way, and that stands for no other.
/// </summary>
internal static partial class WindowsName
{
    /// <summary>UTF-16 units in a name at most.</summary>
    public const int Longest = 255;

    private const char Private = '\uF000';
    private const char LastPrivate = '\uF0FF';

    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Enumerable.Range(1, 31).Select(code => (char)code), '"', '*', ':', '<', '>', '?', '\\', '|']);

    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

    public static string Of(ReadOnlySpan<byte> name)
    {
        var segment = Quote(FileName.ToSegment(name));
        var isDevice = IsDevice(segment);
        if (!segment.AsSpan().ContainsAny(Forbidden) && segment[^1] is not ('.' or ' ') && !isDevice)
        {
            return segment;
        }
        return string.Create(segment.Length, (segment, isDevice), static (result, source) =>
        {
            source.segment.CopyTo(result);
            for (var at = result.IndexOfAny(Forbidden); at >= 0; at = result.IndexOfAny(Forbidden))
            {
                result[at] |= Private;
            }
            if (result[^1] is '.' or ' ')
            {
                result[^1] |= Private;
            }
            if (source.isDevice)
            {
                result[0] |= Private;
            }
        });
    }

    /// <summary>The name that was meant; null if it can be none.</summary>
    public static byte[]? ToName(string windowsName)
    {
        if (windowsName.AsSpan().ContainsAny(Forbidden))
        {
            return null;
        }
        var decoded = Decode(windowsName);
        var segment = QuotedPrivate().Replace(decoded, match => ((char)(Private | Hex(match.Groups[1]) << 6 | Hex(match.Groups[2]) & 0x3F)).ToString());
        return Quote(segment) == decoded ? FileName.ToName(segment) : null;
    }

    /// <summary>A relative path, such as a symbolic link's target, to POSIX and back.</summary>
    public static string? ToPosixPath(string path)
    {
        var parts = path.Split('\\');
        return Array.Exists(parts, part => part.AsSpan().ContainsAny(Forbidden)) ? null : string.Join('/', parts.Select(Decode));
    }

    public static string OfPosixPath(string path) =>
        string.Join('\\', path.Split('/').Select(part => part is "" or "." or ".." ? part : Of(Encoding.UTF8.GetBytes(part))));

    /// <summary>What <see cref="Of"/> did, undone. Other characters of the private use area stay: they are the name's own.</summary>
    private static string Decode(string name)
    {
        if (name.AsSpan().IndexOfAnyInRange(Private, LastPrivate) < 0)
        {
            return name;
        }
        var result = name.ToCharArray();
        for (var i = 0; i < result.Length; i++)
        {
            if (ToPlain(result[i]) is { } plain && (Forbidden.Contains(plain) || i == result.Length - 1 && plain is '.' or ' '))
            {
                result[i] = plain;
            }
        }
        if (ToPlain(name[0]) is { } first && IsDevice(first + new string(result, 1, result.Length - 1)))
        {
            result[0] = first;
        }
        return new string(result);
    }

    private static char? ToPlain(char shown) => shown is >= Private and <= LastPrivate ? (char)(shown & 0xFF) : null;

    /// <summary>What a name has itself and <see cref="Decode"/> would change, as the bytes that it is.</summary>
    private static string Quote(string segment)
    {
        var decoded = Decode(segment);
        if (decoded == segment)
        {
            return segment;
        }
        var result = new StringBuilder(segment.Length + 16);
        foreach (var (own, taken) in segment.Zip(decoded))
        {
            _ = own == taken ? result.Append(own) : result.Append(CultureInfo.InvariantCulture, $"‛EF‛{0x80 | own >> 6 & 3:X2}‛{0x80 | own & 0x3F:X2}");
        }
        return result.ToString();
    }

    /// <summary>The UTF-8 of U+F000 to U+F0FF in the form of <see cref="FileName"/>, which itself writes only so what is no UTF-8.</summary>
    [GeneratedRegex("‛EF‛8([0-3])‛([89AB][0-9A-F])")]
    private static partial Regex QuotedPrivate();

    private static int Hex(Group digits) => int.Parse(digits.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The part before the first dot is a device's name: Win32 opens that device, in every folder.</summary>
    private static bool IsDevice(string name)
    {
        var stem = name.AsSpan();
        if (stem.IndexOf('.') is >= 0 and var dot)
        {
            stem = stem[..dot];
        }
        stem = stem.TrimEnd(' ');
        if (stem.Length is not (3 or 4))
        {
            return false;
        }
        foreach (var device in Devices)
        {
            if (stem.StartsWith(device, StringComparison.OrdinalIgnoreCase))
            {
                return device is "COM" or "LPT" ? stem.Length == 4 && stem[3] is (>= '1' and <= '9') or '¹' or '²' or '³' : stem.Length == 3;
            }
        }
        return false;
    }
}
