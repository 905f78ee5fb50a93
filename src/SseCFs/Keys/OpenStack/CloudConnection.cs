using System.Net;
using System.Security.Authentication;
using Polly;
using Polly.Retry;
using SseCFs.Transport;

namespace SseCFs.Keys.OpenStack;

/// <summary>
/// HTTP to the services of one cloud. Follows no redirect, as a token or a key must not go to another host; what fails for a passing reason is tried again for a few
/// seconds. Thread-safe.
/// </summary>
internal sealed class CloudConnection : IDisposable
{
    /// <summary>Documents are a few KiB; a catalogue can be some more.</summary>
    private const int LargestDocument = 4 << 20;

    private static readonly ResiliencePipeline Retries = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
    {
        MaxRetryAttempts = 3,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = TimeSpan.FromMilliseconds(300),
        ShouldHandle = args => ValueTask.FromResult(args.Outcome switch
        {
            { Exception: ProxyException { IsFinal: true } or HttpRequestException { InnerException: AuthenticationException } } => false,
            { Exception: HttpRequestException } => true,
            { Result: HttpResponseMessage { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout or HttpStatusCode.TooManyRequests } } => true,
            _ => false,
        }),
    }).Build();

    private readonly HttpClient _client;
    private readonly bool _allowPlainHttp;

    public CloudConnection(string? caFile, ServiceProxy? proxy, bool allowPlainHttp)
    {
        _allowPlainHttp = allowPlainHttp;
        HttpMessageHandler handler;
        try
        {
            handler = HttpTransport.Create(caFile, proxy);
        }
        catch (InvalidDataException e)
        {
            throw new KeySourceException(e.Message, e);
        }
        _client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = LargestDocument };
    }

    /// <param name="service">For messages: "Keystone at URL".</param>
    /// <param name="make">Called for every attempt.</param>
    /// <exception cref="KeySourceException">No answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(string service, Func<HttpRequestMessage> make, CancellationToken cancellation)
    {
        try
        {
            return await Retries.ExecuteAsync(async token =>
            {
                using var request = make();
                EnsureSafe(request.RequestUri!);
                return await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, token).ConfigureAwait(false);
            }, cancellation).ConfigureAwait(false);
        }
        catch (ProxyException e)
        {
            throw new KeySourceException($"{service} cannot be reached: {e.Message}", e);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            throw new KeySourceException($"the certificate of {service} is not trusted; name its authority with OS_CACERT or 'cacert' in clouds.yaml", e);
        }
        catch (HttpRequestException e)
        {
            throw new KeySourceException($"{service} cannot be reached: {e.Message}", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new KeySourceException($"{service} does not answer", e);
        }
    }

    public void Dispose() => _client.Dispose();

    private void EnsureSafe(Uri url)
    {
        if (url is { Scheme: "http", IsLoopback: false } && !_allowPlainHttp)
        {
            throw new KeySourceException(
                $"{url.GetLeftPart(UriPartial.Authority)} is plain http: password and key would cross the network in clear. Use https, or --allow-plain-http if you know that the way is safe");
        }
    }
}
