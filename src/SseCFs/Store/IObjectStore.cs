using SseCFs.Keys;

namespace SseCFs.Store;

/// <summary>
/// One bucket, its objects encrypted with the customer's key. SSE-C headers, the check of every write's echo,
/// retries and the mapping of S3's errors are behind this. Thread-safe. Failures are <see cref="FsException"/>.
/// ETags are given and taken without quotes. Keys are whole keys, the mount's prefix included.
/// </summary>
public interface IObjectStore
{
    /// <summary>
    /// HEAD. <see cref="FsError.NotFound"/> where there is none, <see cref="FsError.KeyUnknown"/> where no key of ours opens it.
    /// </summary>
    ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation);

    /// <summary>
    /// GET of a range. A body that breaks off is resumed at its byte by the same conditions, so that
    /// the stream either gives all of the range or throws.
    /// </summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes wanted, at least 1; the answer is shorter where the object ends, and empty at or beyond its end.</param>
    /// <param name="ifMatch">The only version wanted; another is <see cref="FsError.Stale"/>.</param>
    /// <param name="ifNoneMatch">The version already known; still that one: null is returned.</param>
    /// <param name="cancellation">Ends the wait for the reply; the body's reads have their own.</param>
    ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation);

    /// <summary>One PUT of a whole object, encrypted; a reply that does not say so is undone and <see cref="FsError.NotEncrypted"/>.</summary>
    ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation);

    /// <summary>Whether a version, as <see cref="HeadAsync"/> shows it, was created by the attempt: it carries its id, and has the content that was sent.</summary>
    ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation);

    /// <summary>Starts a multipart upload of an encrypted object.</summary>
    ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation);

    /// <summary>
    /// Goes on with an upload that an earlier process began and handed over. Asks the service nothing, and records nothing: what names the
    /// upload is the caller's to keep.
    /// </summary>
    /// <param name="metadata">What it was begun with, the attempt included.</param>
    /// <param name="parts">What it has of it: ETags by number.</param>
    IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts);

    /// <summary>Drops an upload that an earlier process began; one that is gone already is as wanted.</summary>
    ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation);

    /// <summary>
    /// Copies on the server, encrypted, with new metadata, in the cheapest way that this service offers; where it offers none,
    /// streams the content through. The result is verified by a HEAD before this returns. Source and destination may be the same key.
    /// </summary>
    /// <param name="source">The object to copy, as last seen; changed since: <see cref="FsError.Stale"/>.</param>
    ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation);

    /// <summary>An object's tags by name; none where the service knows no tags.</summary>
    ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation);

    /// <summary>Deletes one object; one that is not there is no error.</summary>
    /// <param name="ifMatch">Only this version (unquoted ETag), else <see cref="FsError.Conflict"/>: the service's own condition where it honours one here, else a HEAD right before, which leaves a small window.</param>
    ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation);

    /// <summary>
    /// Deletes what stands under a key, whichever version that is; none is no error. Where the service honours conditions, a request that it carries out late, after its sender
    /// has given up, removes nothing that was stored since.
    /// </summary>
    /// <param name="seen">The version last seen there (unquoted ETag); null: not known, and then nothing protects what is stored since.</param>
    ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation);

    /// <summary>One page of a listing, in key order.</summary>
    /// <param name="prefix">Only keys that begin so.</param>
    /// <param name="delimiter">"/" groups what lies deeper into common prefixes; null lists everything below.</param>
    /// <param name="continuation">From the page before; null for the first.</param>
    /// <param name="limit">Entries wanted, 1 to 1,000.</param>
    ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation);

    /// <summary>Parts in one multipart upload are at least this, the last excepted.</summary>
    const int MinimumPartSize = 5 << 20;

    const int MaximumParts = 10_000;

    /// <summary>The largest source range of one part copy, and the largest single PUT.</summary>
    const long MaximumPartSize = 5L << 30;

}

/// <summary>How an object is stored.</summary>
public enum Encryption
{
    /// <summary>With our key.</summary>
    CustomerKey,

    /// <summary>Readable without a key; it becomes encrypted when written.</summary>
    Plain,
}

/// <summary>What a HEAD or GET tells of one version of an object. Size in bytes; ETag unquoted.</summary>
public sealed record ObjectInfo(string Key, long Size, string ETag, DateTimeOffset LastModified, Encryption Encryption, ObjectMetadata Metadata)
{
    /// <summary>The fingerprint of the key that opened it; null if it is plain, or that is not known.</summary>
    public string? KeyFingerprint { get; init; }

    /// <summary>The version that had the same bytes and metadata before they were encrypted with another key; null if none is known.</summary>
    public string? FormerETag { get; init; }

    /// <summary>
    /// The id of the <see cref="WriteAttempt"/> that its metadata names; null if it names none. No proof of who wrote it: see <see cref="IObjectStore.IsOwnAsync"/>.
    /// </summary>
    public string? Attempt { get; init; }
}

/// <summary>What a write left: ETag unquoted (an opaque version mark, MD5 or not).</summary>
public readonly record struct WrittenObject(string ETag, DateTimeOffset LastModified);

/// <summary>
/// User metadata (x-amz-meta-* without the prefix, lower case; values already decoded), the content type, and what else a service keeps with an object. Immutable.
/// </summary>
public sealed record ObjectMetadata(IReadOnlyDictionary<string, string> User, string? ContentType)
{
    /// <summary>Under this the store keeps the fingerprint of the key that an object was written with, for whoever looks for it. It is not among <see cref="User"/>.</summary>
    public const string KeyName = "ssecfs-key";

    /// <summary>Bytes that it takes, its name included.</summary>
    public const int KeySize = 10 + 16;

    /// <summary>Bytes of user metadata, names included, that every service takes: S3 allows 2 KiB, Ceph is not stricter.</summary>
    public const int LargestUser = 2048;

    /// <summary>Cache-Control and its like.</summary>
    public ObjectHeaders Headers { get; init; } = ObjectHeaders.None;

    /// <summary>For a write: tags by name. A read does not tell them.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>For a write: the key to encrypt with, by fingerprint; null: the one that writes at that place.</summary>
    public string? KeyFingerprint { get; init; }

    /// <summary>For a write: the version that is encrypted anew, its bytes and metadata unchanged. See <see cref="ObjectInfo.FormerETag"/>.</summary>
    public string? FormerETag { get; init; }

    /// <summary>For a write: whose version it will be; null: an attempt of its own. A read does not tell it here, but in <see cref="ObjectInfo.Attempt"/>.</summary>
    public WriteAttempt? Attempt { get; init; }

    /// <summary>The same with an attempt.</summary>
    public ObjectMetadata WithAttempt() => Attempt is null ? this with { Attempt = WriteAttempt.New() } : this;

    /// <summary>Bytes that user metadata takes, names included.</summary>
    public static int SizeOf(IReadOnlyDictionary<string, string> user) => user.Sum(pair => pair.Key.Length + System.Text.Encoding.UTF8.GetByteCount(pair.Value));

    /// <summary>Whether all of that is in it, whatever else there is.</summary>
    public bool Includes(IReadOnlyDictionary<string, string> user) => user.All(pair => User.TryGetValue(pair.Key, out var value) && value == pair.Value);
}

/// <summary>Headers that a service keeps with an object and repeats to whoever reads it; null: not set. Immutable.</summary>
/// <param name="Expires">As it was written: it need not be a date.</param>
/// <param name="StorageClass">Null: the service's default.</param>
public sealed record ObjectHeaders(string? CacheControl, string? ContentDisposition, string? ContentEncoding, string? ContentLanguage, string? Expires, string? StorageClass)
{
    public static ObjectHeaders None { get; } = new(null, null, null, null, null, null);
}

/// <summary>Which present object a write may replace.</summary>
/// <param name="IfMatch">Only this version (unquoted ETag); else <see cref="FsError.Conflict"/>.</param>
/// <param name="IfAbsent">Only none at all; else <see cref="FsError.Exists"/>.</param>
public readonly record struct WriteCondition(string? IfMatch, bool IfAbsent)
{
    public static WriteCondition None => default;
    public static WriteCondition Absent => new(null, true);
    public static WriteCondition Match(string etag) => new(etag, false);
}

/// <summary>
/// What to upload: memory that stays unchanged until the write has ended. Several slices are sent one after the other.
/// Md5: of all slices, 16 bytes, if the caller has it already.
/// </summary>
public readonly record struct ObjectContent(IReadOnlyList<ReadOnlyMemory<byte>> Slices, long Length, byte[]? Md5 = null)
{
    public static ObjectContent Of(ReadOnlyMemory<byte> memory) => new([memory], memory.Length);
}

/// <summary>The body of a GET, to be read once and disposed.</summary>
public abstract class ObjectBody(ObjectInfo info, long offset, long length) : IAsyncDisposable
{
    public ObjectInfo Info { get; } = info;

    /// <summary>First byte of the object that the body holds.</summary>
    public long Offset { get; } = offset;

    /// <summary>Bytes the body holds.</summary>
    public long Length { get; } = length;

    /// <summary>Reads up to the buffer's length; 0 only when <see cref="Length"/> bytes have been given.</summary>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A multipart upload under way. Parts may be sent in parallel and in any order; numbers are 1 to 10,000.</summary>
public interface IMultipartUpload
{
    string Key { get; }

    string UploadId { get; }

    /// <summary>Of the key that it was begun with, and ends with.</summary>
    string KeyFingerprint { get; }

    /// <summary>ETags of the parts that the service has, by number.</summary>
    IReadOnlyDictionary<int, string> Parts { get; }

    ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation);

    /// <summary>
    /// Copies a range of a stored object as a part. <see cref="FsError.NotSupported"/> where the service cannot
    /// (or not from this source): read the range and upload it instead.
    /// </summary>
    ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation);

    /// <summary>Leaves parts of higher numbers, sent before the file was cut, out of the object.</summary>
    void LeaveOut(int above);

    /// <summary>
    /// Makes the object visible whole, and verifies its size and encryption. The condition is the service's own where it
    /// honours one here, else a HEAD right before: a small window stays. What an earlier call completed, whose answer was lost, is answered again;
    /// else an upload that the service does not know any more is <see cref="FsError.NotFound"/>.
    /// </summary>
    ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation);

    /// <summary>Leaves it as it is, for another process to go on with.</summary>
    void HandOver();

    /// <summary>It is this process' again, and is recorded as one to be aborted should the process end before it has ended.</summary>
    void TakeBack();

    /// <summary>Drops the upload and its parts. Never throws: what stays is logged.</summary>
    ValueTask AbortAsync();
}

/// <summary>One page of a listing.</summary>
/// <param name="Continuation">For the next page; null on the last.</param>
public sealed record ListPage(IReadOnlyList<ListedObject> Objects, IReadOnlyList<string> CommonPrefixes, string? Continuation);

/// <summary>An object as LIST shows it: nothing of its metadata or encryption. ETag unquoted.</summary>
public readonly record struct ListedObject(string Key, long Size, string ETag, DateTimeOffset LastModified);
