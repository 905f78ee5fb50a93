namespace SseCFs.Store;

/// <summary>
/// What this service and bucket can do, learned from its answers and never from its version. Null: not known yet, so it is tried. Thread-safe:
/// each value is written whole, and a repeated lesson does no harm.
/// </summary>
internal sealed class Capabilities
{
    private int _copy, _partCopy, _keyChange, _completeConditions, _deleteConditions, _plainWithKey, _etagIsDigest, _partsETagIsDigest;

    /// <summary>CopyObject of an encrypted object. 501 on Ceph before 20.2.</summary>
    public bool? Copy { get => Read(_copy); set => _copy = Write(value); }

    /// <summary>UploadPartCopy of an encrypted object.</summary>
    public bool? PartCopy { get => Read(_partCopy); set => _partCopy = Write(value); }

    /// <summary>A copy may be under another key than its source. 501 and 400 on Ceph before 20.2.</summary>
    public bool? KeyChange { get => Read(_keyChange); set => _keyChange = Write(value); }

    /// <summary>CompleteMultipartUpload honours If-Match and If-None-Match. Ignored by Ceph before 20.2; only a probe can tell.</summary>
    public bool? CompleteConditions { get => Read(_completeConditions); set => _completeConditions = Write(value); }

    /// <summary>DeleteObject honours If-Match. Ignored by Ceph before 20.2; learned by the first such removal.</summary>
    public bool? DeleteConditions { get => Read(_deleteConditions); set => _deleteConditions = Write(value); }

    /// <summary>A plain object may be asked for with a key. AWS refuses that with 400, Ceph answers.</summary>
    public bool? PlainWithKey { get => Read(_plainWithKey); set => _plainWithKey = Write(value); }

    /// <summary>The ETag of an encrypted object that was one PUT is the MD5 of its content: so on Ceph, not on AWS. Learned by each PUT.</summary>
    public bool? ETagIsDigest { get => Read(_etagIsDigest); set => _etagIsDigest = Write(value); }

    /// <summary>The ETag of an encrypted multipart object is <see cref="OwnWrites.ETagOfParts"/>. Learned by each upload.</summary>
    public bool? PartsETagIsDigest { get => Read(_partsETagIsDigest); set => _partsETagIsDigest = Write(value); }

    private static bool? Read(int value) => value == 0 ? null : value > 0;

    private static int Write(bool? value) => value switch { null => 0, true => 1, false => -1 };
}
