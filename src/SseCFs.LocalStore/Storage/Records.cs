using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// One version of an object: what stands behind its content in its file, and what the index holds in memory. Immutable.
/// </summary>
internal sealed record StoredObject
{
    public required string Key { get; init; }

    /// <summary>Bytes of content.</summary>
    public required long Size { get; init; }

    /// <summary>Unquoted.</summary>
    public required string ETag { get; init; }

    public required DateTimeOffset LastModified { get; init; }

    public required Seal Seal { get; init; }

    public required ObjectHeaders Headers { get; init; }

    /// <summary>Checksums that the client sent and the service verified, in base64 by algorithm name.</summary>
    public IReadOnlyDictionary<string, string> Checksums { get; init; } = new Dictionary<string, string>();

    /// <summary>COMPOSITE or FULL_OBJECT, where there are checksums.</summary>
    public string? ChecksumType { get; init; }

    /// <summary>For a completed multipart upload: its id, which names the folder that holds the parts.</summary>
    public string? UploadId { get; init; }

    /// <summary>The parts in order; empty where the content is in the object's own file.</summary>
    public IReadOnlyList<StoredPart> Parts { get; init; } = [];

    /// <summary>Made by RGW's append, and so open to more.</summary>
    public bool Appendable { get; init; }
}

/// <summary>What a client attached to an object; header values in Latin-1, one character a byte of the wire.</summary>
internal sealed record ObjectHeaders
{
    public static ObjectHeaders None { get; } = new();

    /// <summary>x-amz-meta-* without the prefix, lower case, as text.</summary>
    public IReadOnlyDictionary<string, string> User { get; init; } = new Dictionary<string, string>();

    /// <summary>Content-Type, Cache-Control and their like, by name.</summary>
    public IReadOnlyDictionary<string, string> Http { get; init; } = new Dictionary<string, string>();

    /// <summary>As text. Records of earlier versions have none, and then a deserializer sets null.</summary>
    [AllowNull]
    public IReadOnlyDictionary<string, string> Tags { get; init => field = value ?? new Dictionary<string, string>(); } = new Dictionary<string, string>();

    /// <summary>A label: all classes are kept alike.</summary>
    [AllowNull]
    public string StorageClass { get; init => field = value ?? "STANDARD"; } = "STANDARD";
}

/// <summary>One uploaded part; its file has the same form as an object's.</summary>
/// <param name="File">Its name in the upload's folder.</param>
internal sealed record StoredPart(int Number, string File, long Size, string ETag, DateTimeOffset LastModified, Seal Seal, string? Checksum);

/// <summary>A multipart upload that is not complete.</summary>
internal sealed record StoredUpload
{
    public required string Id { get; init; }

    public required string Key { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required Seal Seal { get; init; }

    public required ObjectHeaders Headers { get; init; }

    public string? ChecksumAlgorithm { get; init; }

    public string? ChecksumType { get; init; }
}

/// <summary>A bucket's own settings.</summary>
internal sealed record StoredBucket
{
    public required DateTimeOffset Created { get; init; }

    public string? Location { get; init; }

    /// <summary>New objects are sealed with the service's key unless the request says otherwise.</summary>
    public bool DefaultServiceKey { get; init; }

    public bool HasEncryption { get; init; }

    /// <summary>SSE-C writes are refused.</summary>
    public bool BlocksCustomerKey { get; init; }
}

[JsonSerializable(typeof(StoredObject))]
[JsonSerializable(typeof(StoredPart))]
[JsonSerializable(typeof(StoredUpload))]
[JsonSerializable(typeof(StoredBucket))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class RecordJson : JsonSerializerContext;
