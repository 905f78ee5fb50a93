namespace SseCFs.LocalStore;

/// <summary>
/// Everything in which S3 services differ, measured on Ceph 16.2.15, 18.2.7 and 20.2.4, documented for AWS. One record per
/// service; the operations ask its properties and never its name.
/// </summary>
public sealed record Dialect
{
    public required string Name { get; init; }

    /// <summary>The reply's Server header; null for none.</summary>
    public string? ServerHeader { get; init; }

    /// <summary>What GetBucketLocation answers for a bucket that was made without a location.</summary>
    public required string DefaultLocation { get; init; }

    // ---- SSE-C on PUT, GET and HEAD ----

    /// <summary>The ETag of an SSE-C object or part is the MD5 of its plaintext; else it is opaque.</summary>
    public required bool EncryptedETagIsMd5 { get; init; }

    /// <summary>HTTP status of a GET or HEAD with another key: 403 on AWS, 400 on Ceph.</summary>
    public required int WrongKeyStatus { get; init; }

    /// <summary>The error code where an SSE-C object is asked for without its keys.</summary>
    public required string MissingKeyCode { get; init; }

    /// <summary>A GET or HEAD of a plain object with keys is 400; else 200 and silent.</summary>
    public required bool PlainObjectRefusesKey { get; init; }

    /// <summary>Customer's keys and x-amz-server-side-encryption in one request are 400; else the keys win.</summary>
    public required bool RefusesTwoEncryptions { get; init; }

    /// <summary>
    /// x-amz-server-side-encryption: AES256 encrypts with the service's own key. Where it is not offered, Ceph 16 stores
    /// plaintext and answers 200 without an echo, and refuses PUT ?encryption.
    /// </summary>
    public required bool OffersServiceKey { get; init; }

    /// <summary>SSE-C over plain HTTP is refused, unless the listener is loopback.</summary>
    public required bool CustomerKeyNeedsTls { get; init; }

    /// <summary>Buckets can refuse SSE-C (BlockedEncryptionTypes of PUT ?encryption).</summary>
    public required bool BucketsCanBlockCustomerKey { get; init; }

    // ---- CopyObject ----

    /// <summary>CopyObject from or to SSE-C; else 501 for an encrypted source.</summary>
    public required bool CopiesEncrypted { get; init; }

    /// <summary>CopyObject of a plain source ignores the keys sent: stored as plaintext, 200, silent.</summary>
    public required bool PlainCopyIgnoresKey { get; init; }

    /// <summary>CopyObject checks x-amz-copy-source-if-*, and does so before it refuses an encrypted source.</summary>
    public required bool CopyHonoursSourceConditions { get; init; }

    /// <summary>CopyObject checks If-Match and If-None-Match on its destination.</summary>
    public required bool CopyHonoursConditions { get; init; }

    /// <summary>A copy has its source's ETag, also a multipart one.</summary>
    public required bool CopyKeepsETag { get; init; }

    /// <summary>The ETag in CopyObjectResult and CopyPartResult is quoted.</summary>
    public required bool CopyQuotesETag { get; init; }

    // ---- Multipart ----

    /// <summary>
    /// UploadPartCopy opens an encrypted source with the destination's keys and never looks at the source keys; else with the source keys.
    /// </summary>
    public required bool PartCopyOpensSourceWithDestinationKey { get; init; }

    /// <summary>UploadPartCopy into an SSE-C upload names algorithm and key MD5.</summary>
    public required bool PartCopyEchoes { get; init; }

    public required bool PartCopyHonoursSourceConditions { get; init; }

    /// <summary>HTTP status of an x-amz-copy-source-range that the source does not have.</summary>
    public required int PartCopyRangeStatus { get; init; }

    /// <summary>UploadPart with keys into a plain upload is 400; else stored as plaintext, 200, silent.</summary>
    public required bool PlainUploadRefusesKey { get; init; }

    /// <summary>Complete of an SSE-C upload needs its keys; else they are ignored.</summary>
    public required bool CompleteNeedsKey { get; init; }

    public required bool CompleteEchoes { get; init; }

    public required ETagForm CompleteETag { get; init; }

    /// <summary>A second Complete of the same upload is 200; else NoSuchUpload.</summary>
    public required bool CompleteIsRepeatable { get; init; }

    public required bool CompleteHonoursConditions { get; init; }

    // ---- Conditions ----

    /// <summary>PUT compares If-Match and If-None-Match as they are with the unquoted ETag, so that a quoted one never matches.</summary>
    public required bool PutComparesETagsVerbatim { get; init; }

    /// <summary>PUT takes ETags in If-None-Match; else only "*", and 501 for the rest.</summary>
    public required bool PutIfNoneMatchTakesETags { get; init; }

    /// <summary>HTTP status of a PUT with If-Match on a missing key: 412 or 404.</summary>
    public required int IfMatchOnMissingStatus { get; init; }

    public required bool DeleteHonoursConditions { get; init; }

    // ---- Checksums ----

    public required TrailerSupport Trailers { get; init; }

    public required ChecksumSupport Checksums { get; init; }

    // ---- Listing and others ----

    /// <summary>Listing times are whole seconds (.000Z); else milliseconds.</summary>
    public required bool ListsWholeSeconds { get; init; }

    /// <summary>GET ?attributes is GetObjectAttributes; else the subresource is ignored and the object itself is given.</summary>
    public required bool OffersAttributes { get; init; }

    /// <summary>PUT ?append&amp;position=N is RGW's append, which stores plaintext even with keys; else 501.</summary>
    public required bool OffersAppend { get; init; }

    /// <summary>x-amz-write-offset-bytes is 501; else it is ignored, and the object is replaced by the tail.</summary>
    public required bool RefusesWriteOffset { get; init; }

    /// <summary>User metadata that is not ASCII comes back as RFC 2047 words; else as the bytes that were sent.</summary>
    public required bool EncodesMetadata { get; init; }

    /// <summary>Bytes of user metadata (names and values) in one object.</summary>
    public required int MetadataLimit { get; init; }

    /// <summary>Classes that an object may be labelled with.</summary>
    public required IReadOnlyList<string> StorageClasses { get; init; }

    /// <summary>DeleteObjects needs a Content-MD5 or a checksum.</summary>
    public required bool DeleteManyNeedsDigest { get; init; }

    public override string ToString() => Name;

    /// <summary>AWS as it documents itself.</summary>
    public static Dialect Aws { get; } = new()
    {
        Name = "aws",
        ServerHeader = "AmazonS3",
        DefaultLocation = "",
        EncryptedETagIsMd5 = false,
        WrongKeyStatus = 403,
        MissingKeyCode = "InvalidRequest",
        PlainObjectRefusesKey = true,
        RefusesTwoEncryptions = true,
        OffersServiceKey = true,
        CustomerKeyNeedsTls = true,
        BucketsCanBlockCustomerKey = true,
        CopiesEncrypted = true,
        PlainCopyIgnoresKey = false,
        CopyHonoursSourceConditions = true,
        CopyHonoursConditions = true,
        CopyKeepsETag = false,
        CopyQuotesETag = true,
        PartCopyOpensSourceWithDestinationKey = false,
        PartCopyEchoes = true,
        PartCopyHonoursSourceConditions = true,
        PartCopyRangeStatus = 400,
        PlainUploadRefusesKey = true,
        CompleteNeedsKey = false,
        CompleteEchoes = false,
        CompleteETag = ETagForm.Quoted,
        CompleteIsRepeatable = false,
        CompleteHonoursConditions = true,
        PutComparesETagsVerbatim = false,
        PutIfNoneMatchTakesETags = false,
        IfMatchOnMissingStatus = 404,
        DeleteHonoursConditions = true,
        Trailers = TrailerSupport.Checked,
        Checksums = ChecksumSupport.Checked,
        ListsWholeSeconds = true,
        OffersAttributes = true,
        OffersAppend = false,
        RefusesWriteOffset = true,
        EncodesMetadata = true,
        MetadataLimit = 2048,
        StorageClasses = ["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"],
        DeleteManyNeedsDigest = true,
    };

    /// <summary>Ceph Pacific 16.2.15, as in Debian 12.</summary>
    public static Dialect Ceph16 { get; } = new()
    {
        Name = "ceph16",
        ServerHeader = null,
        DefaultLocation = "default",
        EncryptedETagIsMd5 = true,
        WrongKeyStatus = 400,
        MissingKeyCode = "InvalidArgument",
        PlainObjectRefusesKey = false,
        RefusesTwoEncryptions = false,
        OffersServiceKey = false,
        CustomerKeyNeedsTls = false,
        BucketsCanBlockCustomerKey = false,
        CopiesEncrypted = false,
        PlainCopyIgnoresKey = true,
        CopyHonoursSourceConditions = false,
        CopyHonoursConditions = false,
        CopyKeepsETag = true,
        CopyQuotesETag = false,
        PartCopyOpensSourceWithDestinationKey = true,
        PartCopyEchoes = false,
        PartCopyHonoursSourceConditions = false,
        PartCopyRangeStatus = 416,
        PlainUploadRefusesKey = false,
        CompleteNeedsKey = false,
        CompleteEchoes = false,
        CompleteETag = ETagForm.Empty,
        CompleteIsRepeatable = true,
        CompleteHonoursConditions = false,
        PutComparesETagsVerbatim = true,
        PutIfNoneMatchTakesETags = true,
        IfMatchOnMissingStatus = 412,
        DeleteHonoursConditions = false,
        Trailers = TrailerSupport.Refused,
        Checksums = ChecksumSupport.Ignored,
        ListsWholeSeconds = false,
        OffersAttributes = false,
        OffersAppend = true,
        RefusesWriteOffset = false,
        EncodesMetadata = false,
        MetadataLimit = 16 << 10,
        StorageClasses = ["STANDARD"],
        DeleteManyNeedsDigest = false,
    };

    /// <summary>Ceph Reef 18.2.7.</summary>
    public static Dialect Ceph18 { get; } = Ceph16 with
    {
        Name = "ceph18",
        RefusesTwoEncryptions = true,
        OffersServiceKey = true,
        CopyHonoursSourceConditions = true,
        CompleteETag = ETagForm.Bare,
        Trailers = TrailerSupport.Unchecked,
    };

    /// <summary>Ceph Tentacle 20.2.4.</summary>
    public static Dialect Ceph20 { get; } = Ceph18 with
    {
        Name = "ceph20",
        ServerHeader = "Ceph Object Gateway (tentacle)",
        CopiesEncrypted = true,
        PlainCopyIgnoresKey = false,
        CopyQuotesETag = true,
        PartCopyOpensSourceWithDestinationKey = false,
        PartCopyEchoes = true,
        CompleteNeedsKey = true,
        CompleteEchoes = true,
        CompleteETag = ETagForm.Quoted,
        CompleteHonoursConditions = true,
        PutComparesETagsVerbatim = false,
        IfMatchOnMissingStatus = 404,
        DeleteHonoursConditions = true,
        Trailers = TrailerSupport.Checked,
        Checksums = ChecksumSupport.CheckedWithAlgorithm,
        ListsWholeSeconds = true,
        OffersAttributes = true,
    };

    public static IReadOnlyList<Dialect> All { get; } = [Aws, Ceph16, Ceph18, Ceph20];

    /// <summary>The dialect of that name; <see cref="FormatException"/> names those there are.</summary>
    public static Dialect Parse(string name) => All.FirstOrDefault(d => d.Name == name)
        ?? throw new FormatException($"unknown dialect '{name}': one of {string.Join(", ", All.Select(d => d.Name))}");
}

/// <summary>How an ETag stands in a reply's XML.</summary>
public enum ETagForm
{
    Empty,
    Bare,
    Quoted,
}

/// <summary>What STREAMING-UNSIGNED-PAYLOAD-TRAILER and signed trailers are answered with.</summary>
public enum TrailerSupport
{
    /// <summary>400 XAmzContentSHA256Mismatch.</summary>
    Refused,

    /// <summary>Decoded, the trailer not looked at, and Content-Encoding: aws-chunked kept on the object.</summary>
    Unchecked,

    Checked,
}

/// <summary>What becomes of an x-amz-checksum-* header.</summary>
public enum ChecksumSupport
{
    /// <summary>Neither checked nor kept.</summary>
    Ignored,

    /// <summary>Only when x-amz-sdk-checksum-algorithm (or the upload's algorithm) comes with it.</summary>
    CheckedWithAlgorithm,

    Checked,
}
