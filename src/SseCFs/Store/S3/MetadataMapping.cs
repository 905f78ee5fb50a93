using Amazon.S3;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>
/// Maps an object's metadata to the SDK's requests and replies. Beside the caller's own entries stand three of ours: the id of the write attempt, the fingerprint of the
/// key, and the former version of an object that was encrypted anew. Stateless.
/// </summary>
internal static class MetadataMapping
{
    /// <summary>What the SDK adds to the names of user metadata.</summary>
    private const string Prefix = "x-amz-meta-";

    /// <summary>
    /// The former version's ETag, a space, and the mtime in the metadata. Other programs carry metadata that they do not know over to new content, but then with
    /// another mtime: so that such an entry is not believed.
    /// </summary>
    private const string FormerName = "ssecfs-rekeyed";

    private const string ModifyName = "mtime";
    private const string None = "-";

    public static S3StorageClass? StorageClassOf(ObjectMetadata metadata) => metadata.Headers.StorageClass is { } name ? S3StorageClass.FindValue(name) : null;

    public static List<Tag>? TagsOf(ObjectMetadata metadata) =>
        metadata.Tags.Count == 0 ? null : [.. metadata.Tags.Select(tag => new Tag { Key = tag.Key, Value = tag.Value })];

    /// <summary>
    /// The id of the attempt is always written: it decides whether a version is ours. Fingerprint and former version only save requests, and are left out where the
    /// caller's entries leave no room for them.
    /// </summary>
    public static void Write(ObjectMetadata metadata, CustomerKeyHeaders key, MetadataCollection user, HeadersCollection headers)
    {
        foreach (var (name, value) in metadata.User)
        {
            user[name] = value;
        }
        user[WriteAttempt.MetadataName] = metadata.Attempt!.Id;
        var room = ObjectMetadata.LargestUser - ObjectMetadata.SizeOf(metadata.User) - WriteAttempt.MetadataSize;
        Add(ObjectMetadata.KeyName, key.Fingerprint);
        if (metadata.FormerETag is { } former)
        {
            Add(FormerName, $"{former} {metadata.User.GetValueOrDefault(ModifyName, None)}");
        }
        var also = metadata.Headers;
        SetHeader("Cache-Control", also.CacheControl);
        SetHeader("Content-Disposition", also.ContentDisposition);
        SetHeader("Content-Encoding", also.ContentEncoding);
        SetHeader("Content-Language", also.ContentLanguage);
        SetHeader("Expires", also.Expires);

        void Add(string name, string value)
        {
            room -= name.Length + value.Length;
            if (room >= 0)
            {
                user[name] = value;
            }
        }

        void SetHeader(string name, string? value)
        {
            if (value is not null)
            {
                headers[name] = value;
            }
        }
    }

    public static (ObjectMetadata Metadata, OwnMarks Marks) Read(MetadataCollection user, HeadersCollection headers, string? expires, S3StorageClass? storageClass)
    {
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in user.Keys)
        {
            own[name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? name[Prefix.Length..].ToLowerInvariant() : name.ToLowerInvariant()] = user[name];
        }
        own.Remove(ObjectMetadata.KeyName);
        own.Remove(WriteAttempt.MetadataName, out var attempt);
        own.Remove(WriteAttempt.FormerMetadataName, out var formerWriter);
        string? former = null;
        if (own.Remove(FormerName, out var mark) && mark.Split(' ', 2) is [var etag, var modified] && modified == own.GetValueOrDefault(ModifyName, None))
        {
            former = etag;
        }
        var metadata = new ObjectMetadata(own, NullIfEmpty(headers.ContentType))
        {
            Headers = new ObjectHeaders(
                NullIfEmpty(headers.CacheControl),
                NullIfEmpty(headers.ContentDisposition),
                NullIfEmpty(headers.ContentEncoding),
                NullIfEmpty(headers["Content-Language"]),
                NullIfEmpty(expires),
                NullIfEmpty(storageClass?.Value)),
        };
        return (metadata, new OwnMarks(attempt ?? formerWriter, former));
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>What an object's metadata says of its write. See <see cref="ObjectInfo.Attempt"/> and <see cref="ObjectInfo.FormerETag"/>.</summary>
internal readonly record struct OwnMarks(string? Attempt, string? FormerETag);
