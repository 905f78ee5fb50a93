using SseCFs.Transport;

namespace SseCFs.Store;

/// <summary>Which bucket, where, and how long to insist.</summary>
public sealed record StoreOptions
{
    public required string Bucket { get; init; }

    /// <summary>Null: AWS, or what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile say.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Null: AWS_REGION, AWS_DEFAULT_REGION or the profile; us-east-1 for an endpoint of one's own.</summary>
    public string? Region { get; init; }

    /// <summary>A profile in the AWS config and credentials files; null: AWS_PROFILE, or the default one.</summary>
    public string? Profile { get; init; }

    /// <summary>PEM file of the certificate authorities to trust instead of the system's; null: AWS_CA_BUNDLE, else the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>The proxy for https requests; null: none.</summary>
    public ServiceProxy? Proxy { get; init; }

    /// <summary>Send keys over http:// to hosts other than this one.</summary>
    public bool AllowPlainHttp { get; init; }

    /// <summary>How long a request that fails for a passing reason is repeated.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an answer, or the next bytes of one, may take before the attempt counts as failed.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told of every multipart upload; null: nobody is.</summary>
    public IUploadRegister? Uploads { get; init; }

    /// <summary>How fast bodies pass, both ways; null: as fast as they go.</summary>
    public TransferRate? Rate { get; init; }

    public int MaximumConnections { get; init; } = 64;
}

/// <summary>The options cannot work: a sentence for the person who gave them.</summary>
public sealed class StoreOptionsException(string message, Exception? cause = null) : Exception(message, cause);
