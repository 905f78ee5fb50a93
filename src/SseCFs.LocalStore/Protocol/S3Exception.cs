namespace SseCFs.LocalStore.Protocol;

/// <summary>An answer that is an error: S3's code, the HTTP status and a message that names no key and no signature.</summary>
internal sealed class S3Exception(int status, string code, string message = "") : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    /// <summary>More elements for the document, such as the region that was expected.</summary>
    public IReadOnlyList<(string Name, string Value)> Details { get; init; } = [];

    /// <summary>More headers for the reply.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public static S3Exception NoSuchKey(string key) => new(404, "NoSuchKey", "The specified key does not exist.") { Details = [("Key", key)] };

    public static S3Exception NoSuchBucket(string bucket) =>
        new(404, "NoSuchBucket", "The specified bucket does not exist") { Details = [("BucketName", bucket)] };

    public static S3Exception NoSuchUpload(string id) =>
        new(404, "NoSuchUpload", "The specified multipart upload does not exist.") { Details = [("UploadId", id)] };

    public static S3Exception PreconditionFailed(string condition) =>
        new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold") { Details = [("Condition", condition)] };

    public static S3Exception InvalidArgument(string message) => new(400, "InvalidArgument", message);

    public static S3Exception InvalidRequest(string message) => new(400, "InvalidRequest", message);

    public static S3Exception AccessDenied(string message = "Access Denied") => new(403, "AccessDenied", message);

    public static S3Exception NotImplemented(string what) =>
        new(501, "NotImplemented", $"A header or parameter you provided implies functionality that is not implemented: {what}");

    public static S3Exception MalformedXml() =>
        new(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");

    public static S3Exception InvalidRange(long size) =>
        new(416, "InvalidRange", "The requested range is not satisfiable") { Headers = [("Content-Range", $"bytes */{size}")] };
}
