using System.Text.Json.Serialization;
using SseCFs.Content;
using SseCFs.Store;

namespace SseCFs.Journal;

/// <summary>What a save in the journal is about: one inode, its metadata, and what its bytes stand upon.</summary>
internal sealed record SavedHead
{
    /// <summary>Grows with every save of a journal: of two for the same key, the later one counts.</summary>
    public required long Number { get; init; }

    /// <summary>Of the object; a directory's ends in '/'.</summary>
    public required string Key { get; init; }

    /// <summary>Metadata alone was changed: there are no bytes.</summary>
    public bool IsMetadataOnly { get; init; }

    /// <summary>The version that the upload may replace; null if there was none.</summary>
    public SavedVersion? Replaces { get; init; }

    /// <summary>Up to here the bytes of that version show through where nothing was written; 0: nowhere.</summary>
    public long StoredEnd { get; init; }

    /// <summary>Bytes of the file as it will be.</summary>
    public long Size { get; init; }

    /// <summary>User metadata of the object as it will be.</summary>
    public required Dictionary<string, string> User { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Null: none.</summary>
    public ObjectHeaders? Headers { get; init; }

    public bool AreTimesOfWrite { get; init; }

    /// <summary>The id of the <see cref="WriteAttempt"/> that stores it; null in journals of earlier releases, and where metadata alone was changed.</summary>
    public string? Attempt { get; init; }

    /// <summary>Earlier attempts to store the file whose outcome was not known; null: none.</summary>
    public List<SavedAttempt>? EarlierAttempts { get; init; }

    /// <summary>The upload that has some of the bytes, which then are nowhere else; null if all are here.</summary>
    public UploadState? Upload { get; init; }
}

/// <summary>One version of an object. Size in bytes.</summary>
internal sealed record SavedVersion(string ETag, long Size, DateTimeOffset LastModified, bool IsPlain);

/// <summary>A <see cref="WriteAttempt"/> and what it sent.</summary>
internal sealed record SavedAttempt(string Id, SentContent Sent);

/// <summary>A rename that was begun: objects are copied, then the sources removed.</summary>
internal sealed record RenameIntent
{
    /// <summary>The key, or of a directory what all keys begin with.</summary>
    public required string From { get; init; }

    public required string To { get; init; }

    /// <summary>In the order of <see cref="SavedHead.Number"/>: a save of the new key before it is of a file that is replaced.</summary>
    public long Number { get; init; }

    /// <summary>Of a file: the version that is moved.</summary>
    public string? ETag { get; init; }

    /// <summary>The id of the attempt that makes the copy, or from which those that copy a directory's objects are derived; null in journals of earlier releases.</summary>
    public string? Attempt { get; init; }

    /// <summary>Of a file, in journals of earlier releases: the user metadata of the copy.</summary>
    public Dictionary<string, string>? User { get; init; }

    /// <summary>Of a directory: it failed half-way, and the copies are to go again.</summary>
    public bool IsUndone { get; init; }

    /// <summary>Of a directory: all copies are made, and the sources of these are to go.</summary>
    public bool IsCopied { get; init; }

    [JsonIgnore]
    public bool IsDirectory => From.EndsWith('/');
}

/// <summary>A multipart upload under way.</summary>
internal sealed record UploadRecord(string Key, string UploadId);

/// <summary>What stands unencrypted in a journal's folder: whose it is, and its key, wrapped by the customer's.</summary>
internal sealed record JournalAbout
{
    public required string Source { get; init; }

    /// <summary>Of the customer's key.</summary>
    public required string KeyFingerprint { get; init; }

    public required byte[] Salt { get; init; }

    public required byte[] WrappedKey { get; init; }
}

[JsonSerializable(typeof(SavedHead))]
[JsonSerializable(typeof(RenameIntent))]
[JsonSerializable(typeof(UploadRecord))]
[JsonSerializable(typeof(JournalAbout))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
internal sealed partial class JournalJson : JsonSerializerContext;
