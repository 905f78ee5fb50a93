using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SseCFs.Transport;

/// <summary>
/// Creates the handlers that send HTTP requests. No other code creates one, so that the proxy is chosen here alone. A proxy from
/// the environment (http_proxy and its like, Windows' settings) is never used: over plain http it would be sent the customer's key.
/// </summary>
public static class HttpTransport
{
    /// <summary>From looking the name up to TLS with the service.</summary>
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);

    /// <summary>Shorter, so that a proxy that does not answer is named as the cause.</summary>
    private static readonly TimeSpan ReachProxyWithin = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Sets the proxy of clients that other libraries create: the AWS SDK's for credentials (of an instance, a container, a role), the
    /// runtime's for certificates of authorities. Without it they use the environment's.
    /// </summary>
    /// <param name="proxy">Null: none.</param>
    public static void SetDefaultProxy(ServiceProxy? proxy)
    {
#pragma warning disable RS0030 // the one place
        HttpClient.DefaultProxy = new HttpsOnly(proxy, proxy?.Address);
#pragma warning restore RS0030
    }

    /// <param name="caFile">PEM file of the certificate authorities to trust instead of the system's.</param>
    /// <param name="proxy">For https requests; null: none.</param>
    /// <param name="configure">Sets what else the service needs.</param>
    /// <returns>A handler that throws <see cref="ProxyException"/> where the proxy fails, and not the service.</returns>
    /// <exception cref="InvalidDataException">The file has no certificates, in a sentence for a person.</exception>
    internal static HttpMessageHandler Create(string? caFile, ServiceProxy? proxy, Action<SocketsHttpHandler>? configure = null)
    {
        var trust = caFile is null ? null : CertificateTrust.Only(caFile);
#pragma warning disable RS0030 // the one place
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = proxy is null ? ConnectAsync : (context, cancellation) => ConnectAsync(context, proxy, trust, cancellation),
            ConnectTimeout = ConnectWithin,
            // The callback makes TLS with an https:// proxy, so that its failure is told from that of TLS with the service.
            Proxy = proxy is null ? null : new HttpsOnly(proxy, new UriBuilder(Uri.UriSchemeHttp, proxy.Address.Host, proxy.Address.Port).Uri),
            UseCookies = false,
            UseProxy = proxy is not null,
        };
#pragma warning restore RS0030
        handler.SslOptions.CertificateChainPolicy = trust;
        configure?.Invoke(handler);
        return proxy is null ? handler : new ProxyFailureHandler(handler, proxy);
    }

    private static ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) =>
        ServiceStream.ConnectAsync(context.DnsEndPoint, cancellation);

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, ServiceProxy proxy, X509ChainPolicy? trust, CancellationToken cancellation)
    {
        if (context.InitialRequestMessage.Method != HttpMethod.Connect)
        {
            return await ConnectAsync(context, cancellation).ConfigureAwait(false);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ReachProxyWithin);
        try
        {
            var stream = await ServiceStream.ConnectAsync(context.DnsEndPoint, limit.Token).ConfigureAwait(false);
            if (proxy.Address.Scheme == Uri.UriSchemeHttps)
            {
                stream = await EncryptAsync(stream, proxy, trust, limit.Token).ConfigureAwait(false);
            }
            return new TunnelStream(stream, proxy);
        }
        catch (AuthenticationException refusal)
        {
            var reason = refusal.Message.TrimEnd('.');
            throw new ProxyException(
                $"no TLS connection to the proxy {proxy}: {reason}; the authorities that are trusted must include the proxy's", isFinal: true, refusal);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new ProxyException($"the proxy {proxy} does not answer within {ReachProxyWithin.TotalSeconds:0} s", isFinal: false, late);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new ProxyException($"the proxy {proxy} cannot be reached: {failure.Message}", isFinal: false, failure);
        }
    }

    private static async ValueTask<Stream> EncryptAsync(Stream stream, ServiceProxy proxy, X509ChainPolicy? trust, CancellationToken cancellation)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = proxy.Address.IdnHost, CertificateChainPolicy = trust };
        var encrypted = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await encrypted.AuthenticateAsClientAsync(options, cancellation).ConfigureAwait(false);
            return encrypted;
        }
        catch
        {
            await encrypted.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <param name="proxy">Null: no request goes through one.</param>
    /// <param name="address">The proxy's, as the handler is to see it.</param>
    private sealed class HttpsOnly(ServiceProxy? proxy, Uri? address) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => proxy?.Credentials;
            set => throw new NotSupportedException();
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : address;

        public bool IsBypassed(Uri host) => proxy is null || host.Scheme != Uri.UriSchemeHttps;
    }
}
