using System.Buffers;
using System.Security.Cryptography;

namespace SseCFs.WinFsp.Names;

/// <summary>
/// Of names that differ only in the case of letters, the first in the order of their keys, in which capitals come first, appears as it is, and is what any spelling opens. The others appear with
/// a tilde and eight digits before the extension, that follow from the name alone: Readme.txt beside README.txt as Readme~b8a33c9d.txt.
/// </summary>
internal static class CaseAlias
{
    private const int Digits = 8;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <param name="shown">The name as Windows would show it.</param>
    /// <param name="name">The name itself.</param>
    public static string Of(string shown, ReadOnlySpan<byte> name)
    {
        var extension = ExtensionAt(shown);
        return $"{shown.AsSpan(0, extension)}~{DigitsOf(name)}{shown.AsSpan(extension)}";
    }

    /// <summary>Eight hexadecimal digits of the name's SHA-256.</summary>
    public static string DigitsOf(ReadOnlySpan<byte> name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, hash);
        return Convert.ToHexStringLower(hash[..(Digits / 2)]);
    }

    /// <summary>Takes a name apart that may be such a one.</summary>
    public static bool TryParse(string alias, out string shown, out string digits)
    {
        (shown, digits) = ("", "");
        var extension = ExtensionAt(alias);
        var tilde = extension - Digits - 1;
        if (tilde < 0 || alias[tilde] != '~' || alias.AsSpan(tilde + 1, Digits).ContainsAnyExcept(HexDigits))
        {
            return false;
        }
        shown = string.Concat(alias.AsSpan(0, tilde), alias.AsSpan(extension));
        digits = alias.Substring(tilde + 1, Digits).ToLowerInvariant();
        return shown.Length > 0;
    }

    private static int ExtensionAt(string name) => name.LastIndexOf('.') is > 0 and var dot ? dot : name.Length;
}
