using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Takes the attributes of a file at the moment when a request is made that stores them with its content, and remembers what it took. Thread-safe.</summary>
internal sealed class AttributesToSend(FileInode file, WriteAttempt attempt)
{
    private SentAttributes _taken;

    /// <param name="md5">Of the content; null: not known.</param>
    public ObjectMetadata Take(byte[]? md5)
    {
        lock (file.Sync)
        {
            var metadata = file.Metadata! with { ContentHash = md5 is null ? null : Convert.ToBase64String(md5) };
            _taken = new SentAttributes(metadata, file.Attributes.Patch);
            return metadata.ToObjectMetadata() with { Attempt = attempt };
        }
    }

    /// <summary>What is known of the attributes once the request has stored them. Under <see cref="Inode.Sync"/>.</summary>
    public InodeAttributes AfterStoring() => file.Attributes.AfterStoring(_taken);
}
