using System.Globalization;
using System.Security.Cryptography;
using SseCFs.Keys;
using SseCFs.Store.S3;

namespace SseCFs.Store;

/// <summary>
/// The one place that decides whether a version was created by a given attempt: it carries the attempt's id, and its size and digest are those of the content
/// sent. The id alone is no proof, since other programs carry metadata that they do not know over to new content. Thread-safe.
/// </summary>
internal sealed class OwnWrites(S3Requests requests)
{
    private const long LargestRead = 16 << 20;

    /// <summary>After a request whose effect is unknown: the version that it created, or null if something else is there.</summary>
    public async ValueTask<WrittenObject?> FindAsync(string key, ObjectMetadata metadata, CancellationToken cancellation)
    {
        try
        {
            var there = await requests.HeadAsync(key, cancellation).ConfigureAwait(false);
            return there.Metadata.Includes(metadata.User) && await IsOwnAsync(there, metadata.Attempt!, cancellation).ConfigureAwait(false)
                ? new WrittenObject(there.ETag, there.LastModified)
                : null;
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.KeyUnknown)
        {
            return null;
        }
    }

    /// <summary>Whether <paramref name="there"/> was created by the attempt. Reads the content, up to 16 MiB, where no ETag proves it.</summary>
    public async ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation)
    {
        if (there.Attempt != attempt.Id || there.Encryption != Encryption.CustomerKey || attempt.Sent is not { } sent || sent.Size != there.Size)
        {
            return false;
        }
        // A process that ended has left no digest, but it stored one of small content beside the id.
        if ((sent.ETag ?? DigestIn(there.Metadata)) is not { } expected || expected == there.ETag)
        {
            return true;
        }
        if (PartsOf(expected) is { } parts)
        {
            if (PartsOf(there.ETag) != parts)
            {
                return false;
            }
            // The content is too large to be read for this. The number of parts is all that the ETag shows where the service computes it in its own way.
            return (requests.Capabilities.PartsETagIsDigest ?? requests.Capabilities.ETagIsDigest) != true;
        }
        var isETagDigest = requests.Capabilities.ETagIsDigest == true && PartsOf(there.ETag) is null;
        return !isETagDigest && there.Size <= LargestRead && await HasContentAsync(there, expected, cancellation).ConfigureAwait(false);
    }

    /// <summary>The ETag of a multipart upload as S3 computes it: the MD5 of the parts' MD5s, a hyphen, and their number.</summary>
    /// <param name="parts">ETags of the parts in their order; null is returned where one is no MD5.</param>
    public static string? ETagOfParts(IReadOnlyCollection<string> parts)
    {
        var digests = new byte[parts.Count * MD5.HashSizeInBytes];
        var at = 0;
        foreach (var part in parts)
        {
            if (part.Length != 2 * MD5.HashSizeInBytes
                || Convert.FromHexString(part, digests.AsSpan(at, MD5.HashSizeInBytes), out _, out var written) != System.Buffers.OperationStatus.Done)
            {
                return null;
            }
            at += written;
        }
#pragma warning disable CA5351 // S3's own digest; nothing secret rests on it
        return string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(MD5.HashData(digests))}-{parts.Count}");
#pragma warning restore CA5351
    }

    private static string? DigestIn(ObjectMetadata metadata)
    {
        var digest = new byte[MD5.HashSizeInBytes];
        return metadata.User.GetValueOrDefault(ContentMd5.MetadataName) is { } text && Convert.TryFromBase64String(text, digest, out var length) && length == digest.Length
            ? Convert.ToHexStringLower(digest)
            : null;
    }

    private static int? PartsOf(string etag) =>
        etag.LastIndexOf('-') is > 0 and var hyphen && int.TryParse(etag.AsSpan(hyphen + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var parts) ? parts : null;

    private async ValueTask<bool> HasContentAsync(ObjectInfo there, string md5, CancellationToken cancellation)
    {
        try
        {
            var body = await S3Body.OpenAsync(requests, there.Key, 0, Math.Max(1, there.Size), there.ETag, null, cancellation).ConfigureAwait(false);
            await using (body!.ConfigureAwait(false))
            {
                return Convert.FromBase64String(await ContentMd5.OfAsync(body!, cancellation).ConfigureAwait(false)).AsSpan().SequenceEqual(Convert.FromHexString(md5));
            }
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale)
        {
            return false;
        }
    }
}
