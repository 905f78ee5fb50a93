using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SseCFs.Store;

/// <summary>
/// One sequence of requests that may create one version of an object. Its id is stored with the version, so that a write whose reply was lost can be told
/// from every other version. A repeat of the same request keeps its attempt; any other request needs a new one. Thread-safe.
/// </summary>
public sealed class WriteAttempt
{
    /// <summary>The name of the id in an object's user metadata, without the prefix.</summary>
    public const string MetadataName = "ssecfs-write";

    /// <summary>Where earlier releases stored the name of the mount that wrote the object. Read as an id, never written.</summary>
    internal const string FormerMetadataName = "ssecfs-writer";

    /// <summary>Bytes of user metadata that the id takes, its name included.</summary>
    public const int MetadataSize = 12 + 22;

    private const int IdBytes = 16;

    private readonly bool _isRecorded;
    private volatile SentContent? _sent;

    private WriteAttempt(string id, SentContent? sent, bool isRecorded)
    {
        Id = id;
        _sent = sent;
        _isRecorded = isRecorded;
    }

    /// <summary>128 bits in base64url.</summary>
    public string Id { get; }

    /// <summary>The content that the last request of this attempt carries; null before a request was made.</summary>
    public SentContent? Sent => _sent;

    public SendProgress Progress { get; } = new();

    /// <summary>A request of this attempt may have been carried out already.</summary>
    public bool MayBeStored => _isRecorded || _sent is not null;

    /// <summary>A new, random id.</summary>
    public static WriteAttempt New() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes)), null, isRecorded: false);

    /// <summary>An attempt that an earlier process recorded.</summary>
    /// <param name="sent">Null: not recorded; a repeat of the request provides it.</param>
    public static WriteAttempt Recorded(string id, SentContent? sent) => new(id, sent, isRecorded: true);

    /// <summary>Takes the id out of user metadata that an earlier release recorded; null if it has none.</summary>
    public static string? TakeFormerId(Dictionary<string, string> user) => user.Remove(FormerMetadataName, out var id) ? id : null;

    /// <summary>
    /// The attempt to copy one version as a part of a larger operation: the same id for the same arguments, so that its copies can be told without a record of each.
    /// </summary>
    public WriteAttempt Derive(string sourceKey, string sourceETag)
    {
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Id), Encoding.UTF8.GetBytes($"{sourceETag}\n{sourceKey}"));
        return new WriteAttempt(Base64Url.EncodeToString(mac.AsSpan(0, IdBytes)), null, _isRecorded);
    }

    /// <summary>To be called before a request that makes the version visible leaves.</summary>
    public void Send(SentContent content) => _sent = content;
}

/// <summary>What is known of the content of a write.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">
/// The ETag that the version has where the service computes ETags from MD5: of a PUT its MD5 in hexadecimal, of an upload <see cref="OwnWrites.ETagOfParts"/>. Null: not known.
/// </param>
public sealed record SentContent(long Size, string? ETag);
