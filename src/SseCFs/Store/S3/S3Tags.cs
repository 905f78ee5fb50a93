using Amazon.S3;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>The tags of an object, where they do not come with another request. Stateless.</summary>
internal static class S3Tags
{
    public static async ValueTask<IReadOnlyDictionary<string, string>> GetAsync(S3Requests requests, string key, CancellationToken cancellation)
    {
        try
        {
            var reply = await requests.Retries.RunAsync(
                $"tags of {key}",
                0,
                (_, token) => requests.Client.GetObjectTaggingAsync(new GetObjectTaggingRequest { BucketName = requests.Options.Bucket, Key = key }, token),
                cancellation).ConfigureAwait(false);
            return (reply.Tagging ?? []).ToDictionary(tag => tag.Key, tag => tag.Value);
        }
        catch (FsException e) when (e.Reason == FsError.NotSupported || e.InnerException is AmazonS3Exception { ErrorCode: "NoSuchTagSet" })
        {
            return new Dictionary<string, string>();
        }
    }

    /// <summary>A multipart upload was begun with tags: Ceph 16.2 forgets them (measured), and is told again.</summary>
    public static async ValueTask EnsureAsync(S3Requests requests, string key, ObjectMetadata metadata, CancellationToken cancellation)
    {
        if (metadata.Tags.Count == 0)
        {
            return;
        }
        var there = await GetAsync(requests, key, cancellation).ConfigureAwait(false);
        if (there.Count == metadata.Tags.Count && metadata.Tags.All(tag => there.TryGetValue(tag.Key, out var value) && value == tag.Value))
        {
            return;
        }
        await requests.Retries.RunAsync(
            $"set tags of {key}",
            0,
            (_, token) => requests.Client.PutObjectTaggingAsync(
                new PutObjectTaggingRequest { BucketName = requests.Options.Bucket, Key = key, Tagging = new Tagging { TagSet = MetadataMapping.TagsOf(metadata) } }, token),
            cancellation).ConfigureAwait(false);
    }
}
