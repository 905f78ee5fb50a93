using System.Text;

namespace SseCFs.LocalStore.Protocol;

/// <summary>
/// URI encoding as Signature Version 4 defines it: unreserved characters of RFC 3986 stay, all else is %XX in upper case.
/// </summary>
internal static class PercentEncoding
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static string Encode(string text, bool keepSlash)
    {
        var result = new StringBuilder(text.Length + 16);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (b is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9'
                or (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~' || (b == '/' && keepSlash))
                result.Append((char)b);
            else
                result.Append('%').Append(Convert.ToHexString([b]));
        }
        return result.ToString();
    }

    /// <summary>Decodes to UTF-8 text; null where the escapes or the bytes are not valid.</summary>
    /// <param name="text">As on the wire, one character a byte.</param>
    /// <param name="plusIsSpace">In queries, not in paths.</param>
    public static string? Decode(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        byte[] bytes = new byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                    return null;
                bytes[length++] = Convert.FromHexString(text.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (c > 0xff)
                return null;
            else
                bytes[length++] = c == '+' && plusIsSpace ? (byte)' ' : (byte)c;
        }
        try
        {
            return Strict.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
