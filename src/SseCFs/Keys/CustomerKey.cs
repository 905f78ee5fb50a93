using System.Security.Cryptography;

namespace SseCFs.Keys;

/// <summary>A customer's 256-bit key: 32 pinned bytes, wiped on dispose. Shown only as its <see cref="Fingerprint"/>. Thread-safe.</summary>
public sealed class CustomerKey : IDisposable
{
    /// <summary>Bytes in a key.</summary>
    public const int Length = 32;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Length, pinned: true);

    /// <param name="bytes">Exactly 32 bytes; copied.</param>
    public CustomerKey(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        bytes.CopyTo(_bytes);
        Fingerprint = ComputeFingerprint(_bytes);
    }

    /// <summary>
    /// 16 hex digits that tell keys apart and give nothing of the key away: the start of HMAC-SHA-256 over a fixed label.
    /// </summary>
    public string Fingerprint { get; }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    public override string ToString() => Fingerprint;

    private static string ComputeFingerprint(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, "ssecfs key fingerprint"u8, hash);
        return Convert.ToHexStringLower(hash[..8]);
    }
}
