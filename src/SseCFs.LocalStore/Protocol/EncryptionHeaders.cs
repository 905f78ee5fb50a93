using System.Security.Cryptography;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Protocol;

/// <summary>
/// The three headers of SSE-C and their copy-source form. Source: "Using server-side encryption with customer-provided keys (SSE-C)"
/// in the S3 user guide; codes and their order as Ceph 16 gives them.
/// </summary>
internal static class EncryptionHeaders
{
    public const string Customer = "x-amz-server-side-encryption-customer-";
    public const string CopySource = "x-amz-copy-source-server-side-encryption-customer-";
    public const string Service = "x-amz-server-side-encryption";
    public const string Aes256 = "AES256";

    private const string Must = "Requests specifying Server Side Encryption with Customer provided keys must provide ";

    /// <summary>The key that a request brings; null where it brings none of the headers.</summary>
    public static EncryptionKey? ReadKey(S3Request request, string prefix)
    {
        string? algorithm = request.Header(prefix + "algorithm"), text = request.Header(prefix + "key"), md5 = request.Header(prefix + "key-MD5");
        if (algorithm is null && text is null && md5 is null)
            return null;
        if (algorithm is null)
            throw S3Exception.InvalidArgument(Must + "a valid encryption algorithm.");
        if (algorithm != Aes256)
            throw new S3Exception(400, "InvalidEncryptionAlgorithmError", "The requested encryption algorithm is not valid, must be AES256.");
        byte[] key = DecodeKey(text) ?? throw S3Exception.InvalidArgument(Must + "an appropriate secret key.");
        if (md5 is null)
            throw S3Exception.InvalidArgument(Must + "an appropriate secret key md5.");
        // S3 defines MD5 here, as a check of transmission and not for security.
        string expected = Convert.ToBase64String(MD5.HashData(key));
        if (md5 != expected)
        {
            CryptographicOperations.ZeroMemory(key);
            throw S3Exception.InvalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.");
        }
        return new EncryptionKey(SealKind.Customer, key, expected);
    }

    /// <summary>Names in the reply how an object is encrypted.</summary>
    public static Reply Echo(this Reply reply, Seal seal) => seal.Kind switch
    {
        SealKind.Customer => reply.With(Customer + "algorithm", Aes256).With(Customer + "key-MD5", seal.KeyMd5),
        SealKind.Service => reply.With(Service, Aes256),
        _ => reply,
    };

    private static byte[]? DecodeKey(string? base64)
    {
        if (base64 is null)
            return null;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(base64.Length, pinned: true);
        if (Convert.TryFromBase64String(base64, buffer, out int length) && length == EncryptionKey.Length)
        {
            byte[] key = GC.AllocateUninitializedArray<byte>(EncryptionKey.Length, pinned: true);
            buffer.AsSpan(0, length).CopyTo(key);
            CryptographicOperations.ZeroMemory(buffer);
            return key;
        }
        CryptographicOperations.ZeroMemory(buffer);
        return null;
    }
}
