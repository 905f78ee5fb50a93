using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>
/// The SSE-C headers of every request that needs them, and the check of every reply that must repeat them. The only place where a key becomes text. Thread-safe.
/// </summary>
internal sealed class CustomerKeyHeaders : IDisposable
{
    private readonly string _key;
    private readonly string _md5;

    public CustomerKeyHeaders(CustomerKey key)
    {
        _key = Convert.ToBase64String(key.Bytes);
#pragma warning disable CA5351 // the protocol's own check value
        _md5 = Convert.ToBase64String(MD5.HashData(key.Bytes));
#pragma warning restore CA5351
        Fingerprint = key.Fingerprint;
    }

    public string Fingerprint { get; }

    /// <summary>The reply says that the object is encrypted with this key. Silence means that it is not.</summary>
    public bool IsEcho(ServerSideEncryptionCustomerMethod? method, string? md5) => IsEcho(method?.Value, md5);

    public bool IsEcho(string? algorithm, string? md5) => algorithm == "AES256" && md5 == _md5;

    public void AddTo(GetObjectRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    public void AddTo(GetObjectMetadataRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    public void AddTo(PutObjectRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    public void AddTo(InitiateMultipartUploadRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    public void AddTo(UploadPartRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    /// <summary>Ceph 20.2 and some bucket policies on AWS want the key here too; nobody minds it.</summary>
    public void AddTo(CompleteMultipartUploadRequest request) =>
        (request.SSECustomerAlgorithm, request.SSECustomerKey, request.SSECustomerKeyMD5) = ("AES256", _key, _md5);

    /// <summary>Both sets: with the source's alone Ceph 20.2 stores plaintext.</summary>
    public void AddTo(CopyObjectRequest request, CustomerKeyHeaders source)
    {
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;
        (request.CopySourceServerSideEncryptionCustomerMethod, request.CopySourceServerSideEncryptionCustomerProvidedKey, request.CopySourceServerSideEncryptionCustomerProvidedKeyMD5) = source.Headers;
    }

    public void AddTo(CopyPartRequest request) =>
        (request.ServerSideEncryptionCustomerMethod, request.ServerSideEncryptionCustomerProvidedKey, request.ServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    /// <summary>The source's key, beside the destination's.</summary>
    public void AddAsSourceTo(CopyPartRequest request) =>
        (request.CopySourceServerSideEncryptionCustomerMethod, request.CopySourceServerSideEncryptionCustomerProvidedKey, request.CopySourceServerSideEncryptionCustomerProvidedKeyMD5) = Headers;

    /// <summary>Wipes the text; requests made afterwards fail.</summary>
    public unsafe void Dispose()
    {
        fixed (char* start = _key)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(start, _key.Length * sizeof(char)));
        }
    }

    private (ServerSideEncryptionCustomerMethod Method, string Key, string Md5) Headers => (ServerSideEncryptionCustomerMethod.AES256, _key, _md5);
}
