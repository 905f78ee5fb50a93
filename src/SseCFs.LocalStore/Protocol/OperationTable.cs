namespace SseCFs.LocalStore.Protocol;

/// <summary>From method, path and subresource to the operation.</summary>
internal static class OperationTable
{
    /// <summary>Subresources of S3 that this service does not offer: a request for one must not be taken for a request for the object.</summary>
    private static readonly string[] NotOffered =
    [
        "accelerate", "analytics", "cors", "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "logging", "metrics", "notification",
        "object-lock", "ownershipControls", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention",
        "select", "torrent", "versionId", "versions", "website",
    ];

    public static Operation Find(S3Request request)
    {
        if (NotOffered.Any(request.Has))
            return Operation.Unknown;
        if (request.Bucket.Length == 0)
            return request.Method == "GET" ? Operation.ListBuckets : Operation.Unknown;
        return request.Key.Length == 0 ? OfBucket(request) : OfObject(request);
    }

    private static Operation OfBucket(S3Request request) => request.Method switch
    {
        "HEAD" => Operation.HeadBucket,
        "GET" when request.Has("location") => Operation.GetBucketLocation,
        "GET" when request.Has("versioning") => Operation.GetBucketVersioning,
        "GET" when request.Has("acl") => Operation.GetBucketAcl,
        "GET" when request.Has("policy") => Operation.GetBucketPolicy,
        "GET" when request.Has("encryption") => Operation.GetBucketEncryption,
        "GET" when request.Has("uploads") => Operation.ListMultipartUploads,
        "GET" when request.Has("tagging") => Operation.Unknown,
        "GET" => request.Parameter("list-type") == "2" ? Operation.ListObjectsV2 : Operation.ListObjects,
        "PUT" when request.Has("encryption") => Operation.PutBucketEncryption,
        "PUT" when request.Has("acl") || request.Has("policy") || request.Has("tagging") || request.Has("versioning") => Operation.Unknown,
        "PUT" => Operation.CreateBucket,
        "POST" when request.Has("delete") => Operation.DeleteObjects,
        "DELETE" when request.Has("encryption") => Operation.DeleteBucketEncryption,
        "DELETE" when request.Has("policy") || request.Has("tagging") => Operation.Unknown,
        "DELETE" => Operation.DeleteBucket,
        _ => Operation.Unknown,
    };

    private static Operation OfObject(S3Request request) => request.Method switch
    {
        "HEAD" => Operation.HeadObject,
        "GET" when request.Has("uploadId") => Operation.ListParts,
        "GET" when request.Has("attributes") => Operation.GetObjectAttributes,
        "GET" when request.Has("acl") => Operation.GetObjectAcl,
        "GET" when request.Has("tagging") => Operation.GetObjectTagging,
        "GET" => Operation.GetObject,
        "PUT" when request.Has("acl") || request.Has("tagging") => Operation.Unknown,
        "PUT" when request.Has("uploadId") =>
            request.Header("x-amz-copy-source") is null ? Operation.UploadPart : Operation.UploadPartCopy,
        "PUT" when request.Has("append") => Operation.AppendObject,
        "PUT" when request.Header("x-amz-copy-source") is not null => Operation.CopyObject,
        "PUT" => Operation.PutObject,
        "POST" when request.Has("uploads") => Operation.CreateMultipartUpload,
        "POST" when request.Has("uploadId") => Operation.CompleteMultipartUpload,
        "DELETE" when request.Has("uploadId") => Operation.AbortMultipartUpload,
        "DELETE" when request.Has("tagging") => Operation.Unknown,
        "DELETE" => Operation.DeleteObject,
        _ => Operation.Unknown,
    };
}
