using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using SseCFs.Transport;

namespace SseCFs.Store.S3;

/// <summary>What S3's answers and the network's failures mean. The codes are of the S3 API's list of error responses.</summary>
internal static class S3Errors
{
    private static readonly FrozenDictionary<string, FsError> ByCode = new Dictionary<string, FsError>
    {
        ["NoSuchKey"] = FsError.NotFound,
        ["NoSuchUpload"] = FsError.NotFound,
        ["NoSuchBucket"] = FsError.NotFound,
        ["AccessDenied"] = FsError.AccessDenied,
        ["InvalidAccessKeyId"] = FsError.AccessDenied,
        ["SignatureDoesNotMatch"] = FsError.AccessDenied,
        ["RequestTimeTooSkewed"] = FsError.AccessDenied,
        ["ExpiredToken"] = FsError.AccessDenied,
        ["InvalidToken"] = FsError.AccessDenied,
        ["AllAccessDisabled"] = FsError.AccessDenied,
        ["PreconditionFailed"] = FsError.Conflict,
        ["ConditionalRequestConflict"] = FsError.Conflict,
        ["EntityTooLarge"] = FsError.FileTooLarge,
        ["MetadataTooLarge"] = FsError.MetadataTooLarge,
        ["KeyTooLongError"] = FsError.NameTooLong,
        ["QuotaExceeded"] = FsError.NoSpace,
        ["NotImplemented"] = FsError.NotSupported,
        ["BadDigest"] = FsError.BadReply,
        ["IncompleteBody"] = FsError.BadReply,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Worth another attempt: nothing says that the next one must fail as well.</summary>
    public static bool IsTransient(Exception error) => error switch
    {
        AmazonS3Exception { StatusCode: HttpStatusCode.NotImplemented or HttpStatusCode.InsufficientStorage } => false,
        AmazonS3Exception { StatusCode: >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout } => true,
        AmazonS3Exception { ErrorCode: "SlowDown" or "RequestTimeout" or "IncompleteBody" or "BadDigest" or "ConditionalRequestConflict" } => true,
        AmazonS3Exception => false,
        FsException { Reason: FsError.Unavailable or FsError.BadReply } => true,
        FsException => false,
        _ when ProxyException.In(error) is { } proxy => !proxy.IsFinal,
        _ when IsCertificateError(error) => false,
        HttpRequestException or IOException or SocketException or TimeoutException or XmlException => true,
        AmazonServiceException or AmazonClientException => error.InnerException is { } inner && IsTransient(inner),
        _ => false,
    };

    /// <summary>The failure in the file system's words.</summary>
    /// <param name="doing">What was asked: "GET some/key".</param>
    public static FsException ToFsException(Exception error, string doing) => error switch
    {
        FsException known => known,
        AmazonS3Exception s3 => new FsException(ReasonOf(s3), $"{doing}: {Explain(s3)}", s3),
        _ when ProxyException.In(error) is { } proxy => new FsException(proxy.IsFinal ? FsError.AccessDenied : FsError.Unavailable, $"{doing}: {proxy.Message}", error),
        _ when IsCertificateError(error) => new FsException(
            FsError.AccessDenied, $"{doing}: the service's certificate is not trusted; give its authority with --ca-file or AWS_CA_BUNDLE", error),
        XmlException or AmazonUnmarshallingException => new FsException(FsError.BadReply, $"{doing}: the service answered something that is not S3", error),
        TimeoutException => new FsException(FsError.Unavailable, $"{doing}: the service does not answer: {error.Message}", error),
        HttpRequestException or IOException or SocketException => new FsException(
            FsError.Unavailable, $"{doing}: the service cannot be reached: {Innermost(error).Message}", error),
        AmazonServiceException or AmazonClientException when error.InnerException is { } inner && ToFsException(inner, doing) is { Reason: not FsError.InputOutput } shown => shown,
        _ => new FsException(FsError.InputOutput, $"{doing}: {error.Message}", error),
    };

    private static FsError ReasonOf(AmazonS3Exception error)
    {
        if (error.ErrorCode is { } code && ByCode.TryGetValue(code, out var reason))
        {
            return reason;
        }
        return error.StatusCode switch
        {
            HttpStatusCode.NotFound => FsError.NotFound,
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => FsError.AccessDenied,
            HttpStatusCode.PreconditionFailed => FsError.Conflict,
            HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed => FsError.NotSupported,
            HttpStatusCode.InsufficientStorage => FsError.NoSpace,
            >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests => FsError.Unavailable,
            HttpStatusCode.OK => FsError.BadReply,
            _ => FsError.InputOutput,
        };
    }

    private static string Explain(AmazonS3Exception error) => error.ErrorCode switch
    {
        "NoSuchBucket" => "the bucket does not exist; make it with 'ssecfs mb'",
        "InvalidAccessKeyId" => "the service does not know this access key; check the credentials and that they belong to this endpoint",
        "SignatureDoesNotMatch" => "the secret key does not fit the access key; check the credentials",
        "RequestTimeTooSkewed" => "this machine's clock and the service's differ too much; set the clock",
        "ExpiredToken" => "the credentials have expired",
        "AuthorizationHeaderMalformed" or "PermanentRedirect" => $"the bucket is in another region; give it with --region ({error.Message})",
        "SlowDown" => "the service asks to slow down",
        "QuotaExceeded" => "the quota is used up",
        _ when error.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect => "the bucket is in another region; give it with --region",
        _ => $"{(int)error.StatusCode} {error.ErrorCode} {error.Message}".TrimEnd(),
    };

    private static bool IsCertificateError(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            if (e is AuthenticationException)
            {
                return true;
            }
        }
        return false;
    }

    private static Exception Innermost(Exception error)
    {
        while (error.InnerException is { } inner)
        {
            error = inner;
        }
        return error;
    }
}
