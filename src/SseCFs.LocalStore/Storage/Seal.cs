using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace SseCFs.LocalStore.Storage;

/// <summary>Whose key a payload is encrypted with.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SealKind>))]
internal enum SealKind
{
    /// <summary>Stored as it is.</summary>
    None,

    /// <summary>SSE-C: the customer's key, which is not stored.</summary>
    Customer,

    /// <summary>SSE-S3: the service's own key, kept beside the buckets.</summary>
    Service,
}

/// <summary>
/// What is stored about the encryption of one file: a salt, from which with the key HKDF-SHA-256 gives the data key (32 bytes) and
/// a verifier (32 bytes). The verifier tells a wrong key from a right one and gives neither key nor data key away.
/// </summary>
/// <param name="Kind">Whose key.</param>
/// <param name="Salt">32 random bytes, new for each file, so that chunk numbers can serve as nonces.</param>
/// <param name="Verifier">What a right key derives.</param>
/// <param name="KeyMd5">Base64 of the key's MD5, as replies echo it; only for the customer's.</param>
internal sealed record Seal(SealKind Kind, byte[] Salt, byte[] Verifier, string? KeyMd5)
{
    public const int DataKeyLength = 32;
    private const int VerifierLength = 32;
    private const int SaltLength = 32;

    public static Seal Plain { get; } = new(SealKind.None, [], [], null);

    /// <summary>A new seal under this key, with its data key; null for none.</summary>
    public static (Seal Seal, byte[]? DataKey) Create(EncryptionKey? key)
    {
        if (key is null)
            return (Plain, null);
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        var (dataKey, verifier) = Derive(key, salt);
        return (new Seal(key.Kind, salt, verifier, key.Md5), dataKey);
    }

    public bool IsOpenedBy(EncryptionKey key)
    {
        var (dataKey, verifier) = Derive(key, Salt);
        CryptographicOperations.ZeroMemory(dataKey);
        return CryptographicOperations.FixedTimeEquals(verifier, Verifier);
    }

    /// <summary>The data key of a file that this key opens; null for a plain one.</summary>
    public byte[]? Open(EncryptionKey? key)
    {
        if (Kind == SealKind.None)
            return null;
        ArgumentNullException.ThrowIfNull(key);
        var (dataKey, verifier) = Derive(key, Salt);
        if (!CryptographicOperations.FixedTimeEquals(verifier, Verifier))
            throw new InvalidDataException("a file is not sealed with the key of its object");
        return dataKey;
    }

    private static (byte[] DataKey, byte[] Verifier) Derive(EncryptionKey key, byte[] salt)
    {
        Span<byte> output = stackalloc byte[DataKeyLength + VerifierLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Bytes, output, salt, "ssecfs local store payload 1"u8);
        var result = (output[..DataKeyLength].ToArray(), output[DataKeyLength..].ToArray());
        CryptographicOperations.ZeroMemory(output);
        return result;
    }
}

/// <summary>A key while a request uses it; wiped on dispose.</summary>
internal sealed class EncryptionKey(SealKind kind, byte[] bytes, string? md5) : IDisposable
{
    public const int Length = 32;

    public SealKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Base64 of the key's MD5; only for the customer's.</summary>
    public string? Md5 { get; } = md5;

    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);
}
