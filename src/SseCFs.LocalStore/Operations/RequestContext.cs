using System.Security.Cryptography;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Faults;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Signing;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>One request while it is carried out: what was asked, by whom, of which store. Keys are wiped with it.</summary>
internal sealed class RequestContext(S3Request request, RequestBody body, StoreFolder store, LocalStoreOptions options, bool secure, FaultPlan faults) : IDisposable
{
    /// <summary>Bytes of a request's document; ten thousand parts with checksums need about 2 MiB.</summary>
    private const int LargestDocument = 8 << 20;

    private readonly List<EncryptionKey> _keys = [];
    private EncryptionKey? _customerKey;
    private bool _customerKeyRead;

    public S3Request Request { get; } = request;

    public RequestBody Body { get; } = body;

    public StoreFolder Store { get; } = store;

    public LocalStoreOptions Options { get; } = options;

    public Dialect Dialect => Options.Dialect;

    public DateTimeOffset Now => Options.Time.GetUtcNow();

    public Bucket Bucket => Store.Find(Request.Bucket) ?? throw S3Exception.NoSuchBucket(Request.Bucket);

    /// <summary>The customer's key that came with the request; null for none.</summary>
    public EncryptionKey? CustomerKey
    {
        get
        {
            if (!_customerKeyRead)
                _customerKey = ReadKey(EncryptionHeaders.Customer);
            _customerKeyRead = true;
            return _customerKey;
        }
    }

    /// <summary>The key for a new object or upload; null to store plaintext.</summary>
    public EncryptionKey? KeyForWrite(Bucket bucket)
    {
        string? service = Request.Header(EncryptionHeaders.Service);
        if (CustomerKey is { } customer)
        {
            if (service is not null && Dialect.RefusesTwoEncryptions)
                throw S3Exception.InvalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified");
            if (bucket.Settings.BlocksCustomerKey && Dialect.BucketsCanBlockCustomerKey)
                throw S3Exception.AccessDenied();
            return faults.StoresPlaintext ? null : customer;
        }
        return service switch
        {
            null => bucket.Settings.DefaultServiceKey ? ServiceKey() : null,
            EncryptionHeaders.Aes256 => Dialect.OffersServiceKey ? ServiceKey() : null,
            "aws:kms" or "aws:kms:dsse" => throw S3Exception.NotImplemented("x-amz-server-side-encryption: " + service),
            _ => throw S3Exception.InvalidArgument("The encryption method specified is not supported"),
        };
    }

    /// <summary>The key that opens an object for GET and HEAD; null for a plain one.</summary>
    public EncryptionKey? KeyForRead(StoredObject stored) => KeyThatOpens(stored, CustomerKey);

    /// <summary>The key that opens the source of a copy, by the copy-source headers.</summary>
    public EncryptionKey? KeyForCopySource(StoredObject source) => KeyThatOpens(source, ReadKey(EncryptionHeaders.CopySource));

    /// <summary>As <see cref="KeyForRead"/>, with this as the customer's key.</summary>
    public EncryptionKey? KeyThatOpens(StoredObject stored, EncryptionKey? key)
    {
        if (stored.Seal.Kind != SealKind.Customer)
        {
            if (key is not null && Dialect.PlainObjectRefusesKey)
                throw S3Exception.InvalidRequest("The encryption parameters are not applicable to this object.");
            return stored.Seal.Kind == SealKind.Service ? ServiceKey() : null;
        }
        if (key is null)
            throw new S3Exception(400, Dialect.MissingKeyCode, "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.");
        if (stored.Seal.IsOpenedBy(key))
            return key;
        throw Dialect.WrongKeyStatus == 403
            ? S3Exception.AccessDenied("Access Denied because the provided key does not match the key that the object was encrypted with")
            : S3Exception.InvalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.");
    }

    public EncryptionKey ServiceKey() => Keep(Store.ServiceKey())!;

    /// <summary>Reads a document from the body, its digests checked.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadDocumentAsync(CancellationToken cancellation)
    {
        if (Body.Length > LargestDocument)
            throw new S3Exception(400, "MaxMessageLengthExceeded", "Your request was too big.");
        byte[] document = new byte[Body.Length];
        int length = 0, n;
        while ((n = await Body.ReadAsync(document.AsMemory(length), cancellation)) > 0)
            length += n;
        if (length < document.Length || await Body.ReadAsync(new byte[1], cancellation) != 0)
            throw new S3Exception(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header");
        Digests.CheckMd5(Request, MD5.HashData(document));
        var plan = Digests.PlanFor(Request, Dialect, null);
        if (plan is not null)
        {
            using var checksum = new Checksum(plan.Algorithm);
            checksum.Append(document);
            Digests.Check(plan, checksum.Finish(), Body.Trailers);
        }
        return document;
    }

    public void Dispose()
    {
        foreach (var key in _keys)
            key.Dispose();
        Body.Dispose();
    }

    private EncryptionKey? ReadKey(string prefix)
    {
        var key = Keep(EncryptionHeaders.ReadKey(Request, prefix));
        if (key is not null && Dialect.CustomerKeyNeedsTls && !secure)
            throw S3Exception.InvalidRequest("Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.");
        return key;
    }

    private EncryptionKey? Keep(EncryptionKey? key)
    {
        if (key is not null)
            _keys.Add(key);
        return key;
    }
}
