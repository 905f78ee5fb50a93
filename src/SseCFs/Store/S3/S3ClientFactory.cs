using System.Text;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using Amazon.S3;
using SseCFs.Transport;

namespace SseCFs.Store.S3;

/// <summary>Makes S3 clients with endpoint, region and credentials as the AWS tools find them. Errors are <see cref="StoreOptionsException"/>.</summary>
public static class S3ClientFactory
{
    private const string DefaultRegion = "us-east-1";

    public static AmazonS3Client Create(StoreOptions options)
    {
        // The SDK asks for credentials with clients of its own.
        HttpTransport.SetDefaultProxy(options.Proxy);
        var profileName = options.Profile ?? Environment.GetEnvironmentVariable("AWS_PROFILE");
        CredentialProfile? profile = null;
        if (profileName is not null && !new CredentialProfileStoreChain().TryGetProfile(profileName, out profile) && options.Profile is not null)
        {
            throw new StoreOptionsException($"there is no profile '{profileName}' in the AWS config and credentials files");
        }
        var endpoint = FindEndpoint(options, profile);
        EnsureKeySafe(endpoint, options.AllowPlainHttp);
        var region = options.Region ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? profile?.Region?.SystemName;
        if (endpoint is null && region is null)
        {
            throw new StoreOptionsException("no region is known: give --region, or --endpoint for a service other than AWS");
        }
        var config = new AmazonS3Config
        {
            // Older services refuse the checksum trailers that the SDK sends by default; Content-MD5 goes with every upload instead.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            // Repeated by S3Retries (but for ClockSkewPolicy), which knows a total limit and tells a lost reply from a failure.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            // A slow upload is no failure; each attempt has its own limit.
            Timeout = Timeout.InfiniteTimeSpan,
            AllowAutoRedirect = false,
        };
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = region ?? DefaultRegion;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
            config.ForcePathStyle = options.Bucket.Contains('.', StringComparison.Ordinal);
        }
        return new S3Client(FindCredentials(profile, options.Profile is not null), config, Connect(options, endpoint));
    }

    private static AWSCredentials FindCredentials(CredentialProfile? profile, bool wasNamed)
    {
        try
        {
            // A profile named here goes before the environment; one named by AWS_PROFILE comes after the keys in it.
            if (wasNamed)
            {
                return FromFiles(profile!.Name);
            }
            var found = DefaultAWSCredentialsIdentityResolver.GetCredentials();
            var name = Variable("AWS_PROFILE") ?? "default";
            return Variable("AWS_ACCESS_KEY_ID") is null && IsFixed(found) && new CredentialProfileStoreChain().TryGetAWSCredentials(name, out var inFile)
                && IsFixed(inFile) && inFile.GetCredentials().AccessKey == found.GetCredentials().AccessKey
                ? FromFiles(name)
                : found;
        }
        catch (Exception e) when (e is AmazonClientException or InvalidOperationException)
        {
            throw new StoreOptionsException(
                "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile with one from ~/.aws/credentials", e);
        }
    }

    /// <summary>Others, such as a role's, look after their renewal themselves.</summary>
    private static bool IsFixed(AWSCredentials credentials) => credentials is BasicAWSCredentials or SessionAWSCredentials;

    private static FileCredentials FromFiles(string name) => new(
        () =>
        {
            var chain = new CredentialProfileStoreChain();
            return chain.TryGetProfile(name, out var profile) ? profile.GetAWSCredentials(chain) : throw new AmazonClientException($"there is no profile '{name}' any more");
        },
        FileCredentials.DefaultFiles(),
        TimeProvider.System);

    private static Uri? FindEndpoint(StoreOptions options, CredentialProfile? profile)
    {
        if (options.Endpoint is not null)
        {
            return options.Endpoint;
        }
        var text = Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL") ?? profile?.EndpointUrl;
        if (text is null)
        {
            return null;
        }
        return Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? endpoint
            : throw new StoreOptionsException($"the endpoint '{text}' is not an http:// or https:// URL");
    }

    private static void EnsureKeySafe(Uri? endpoint, bool allowPlainHttp)
    {
        if (endpoint is { Scheme: "http", IsLoopback: false } && !allowPlainHttp)
        {
            throw new StoreOptionsException(
                $"{endpoint} is plain http: the key would cross the network in clear. Use https, or --allow-plain-http if you know that the way is safe");
        }
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static HttpClient Connect(StoreOptions options, Uri? endpoint)
    {
        HttpMessageHandler handler;
        try
        {
            handler = HttpTransport.Create(options.CaFile ?? Variable("AWS_CA_BUNDLE"), options.Proxy, connections =>
            {
                connections.MaxConnectionsPerServer = options.MaximumConnections;
                // Ceph's front end drops a connection that is idle for 65 s.
                connections.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50);
                // The default fails a request with metadata beyond ASCII, which other writers' objects may have; signatures are over UTF-8.
                connections.RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
                connections.ResponseHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
            });
        }
        catch (InvalidDataException e)
        {
            throw new StoreOptionsException(e.Message, e);
        }
        return new HttpClient(new ReplyGuardHandler(new KeyGuardHandler(handler, endpoint, options.AllowPlainHttp), options.AnswerWithin, options.Rate)) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
