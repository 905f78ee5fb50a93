namespace SseCFs.Store.S3;

/// <summary>
/// The last gate before the network: a request with a customer's key goes to the configured service only. The SDK follows S3's redirects on its
/// own, and would carry the key to whatever host one names.
/// </summary>
/// <param name="endpoint">Null: AWS.</param>
internal sealed class KeyGuardHandler(HttpMessageHandler inner, Uri? endpoint, bool allowPlainHttp) : DelegatingHandler(inner)
{
    private static readonly string[] KeyHeaders =
        ["x-amz-server-side-encryption-customer-key", "x-amz-copy-source-server-side-encryption-customer-key"];

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!IsOurService(request.RequestUri!) && KeyHeaders.Any(request.Headers.Contains))
        {
            throw new FsException(FsError.AccessDenied, $"the service redirects to {request.RequestUri!.Host}; the key is not sent there. Check endpoint and region");
        }
        return base.SendAsync(request, cancellationToken);
    }

    private bool IsOurService(Uri target)
    {
        var isSafe = target.Scheme == Uri.UriSchemeHttps || target.IsLoopback || allowPlainHttp;
        var isSame = endpoint is null
            ? target.Host.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase) || target.Host.EndsWith(".amazonaws.com.cn", StringComparison.OrdinalIgnoreCase)
            : target.Host.Equals(endpoint.Host, StringComparison.OrdinalIgnoreCase) && target.Port == endpoint.Port && target.Scheme == endpoint.Scheme;
        return isSafe && isSame;
    }
}
