using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace SseCFs.Keys;

/// <summary>
/// The forms a key is written in: 32 bytes as they are (ASCII characters or anything else), 44 of base64, 64 of hex; each may be followed by
/// one newline. Exactly 32 bytes are always the key itself, whatever they are.
/// </summary>
internal static class KeyFormat
{
    private const int Base64Length = 44;
    private const int HexLength = 64;

    /// <param name="text">All bytes that the source gave.</param>
    /// <param name="source">Names the source in an error.</param>
    /// <exception cref="KeySourceException">None of the forms.</exception>
    public static CustomerKey Parse(ReadOnlySpan<byte> text, string source)
    {
        var plain = text switch
        {
            // Before all else: the key may end in what looks like a newline.
            { Length: CustomerKey.Length } => text,
            [.. var line, (byte)'\r', (byte)'\n'] when line.Length != CustomerKey.Length - 1 => line,
            [.. var line, (byte)'\n'] => line,
            _ => text,
        };
        Span<byte> decoded = stackalloc byte[CustomerKey.Length];
        try
        {
            return plain.Length switch
            {
                CustomerKey.Length => new CustomerKey(plain),
                Base64Length when Base64.DecodeFromUtf8(plain, decoded, out var used, out var written) == OperationStatus.Done
                    && (used, written) == (Base64Length, CustomerKey.Length) => new CustomerKey(decoded),
                HexLength when Convert.FromHexString(plain, decoded, out _, out var written) == OperationStatus.Done
                    && written == CustomerKey.Length => new CustomerKey(decoded),
                Base64Length => throw new KeySourceException($"{source} gives 44 characters that are not base64 of 32 bytes"),
                HexLength => throw new KeySourceException($"{source} gives 64 characters that are not hexadecimal"),
                _ => throw WrongLength(plain.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), source),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(decoded);
        }
    }

    public static KeySourceException WrongLength(string length, string source) => new(
        $"{source} gives {length} bytes; a key is 32 bytes, or 44 characters of base64, or 64 of hexadecimal");
}
