namespace SseCFs.LocalStore;

/// <summary>What a request asks for, by S3's own names.</summary>
public enum Operation
{
    /// <summary>Nothing that this service offers; answered with 501 or 405.</summary>
    Unknown,
    ListBuckets,
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    GetBucketVersioning,
    GetBucketAcl,
    GetBucketPolicy,
    GetBucketEncryption,
    PutBucketEncryption,
    DeleteBucketEncryption,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteObjects,
    GetObject,
    HeadObject,
    GetObjectAttributes,
    GetObjectAcl,
    GetObjectTagging,
    PutObject,
    AppendObject,
    CopyObject,
    DeleteObject,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    ListParts,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}
