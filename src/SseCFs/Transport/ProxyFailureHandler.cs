using System.Net;

namespace SseCFs.Transport;

/// <summary>Turns failures of the proxy into <see cref="ProxyException"/>.</summary>
internal sealed class ProxyFailureHandler(HttpMessageHandler inner, ServiceProxy proxy) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException failure) when (ProxyException.In(failure) is { } known)
        {
            throw new ProxyException(known.Message, known.IsFinal, failure);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ProxyTunnelError)
        {
            throw Refused(request.RequestUri!, failure);
        }
    }

    private ProxyException Refused(Uri target, HttpRequestException failure)
    {
        var way = $"{target.Host}:{target.Port}";
        var (message, isFinal) = failure.StatusCode switch
        {
            HttpStatusCode.ProxyAuthenticationRequired when proxy.HasCredentials => ("refuses the user and password given for it", true),
            HttpStatusCode.ProxyAuthenticationRequired =>
                ($"asks for user and password: give --proxy-credentials, or set {ServiceProxy.Variable} with them", true),
            >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests =>
                ($"fails to connect to {way}: it answers CONNECT with {(int)failure.StatusCode}", false),
            { } status => ($"refuses to connect to {way}: it answers CONNECT with {(int)status}", true),
            null => ($"fails to connect to {way}: {failure.Message}", false),
        };
        return new ProxyException($"the proxy {proxy} {message}", isFinal, failure);
    }
}

/// <summary>The proxy failed, or refused. The message is for a person, and has no password in it.</summary>
/// <param name="isFinal">Another attempt would fail as well.</param>
internal sealed class ProxyException(string message, bool isFinal, Exception? cause = null)
    : HttpRequestException(HttpRequestError.ProxyTunnelError, message, cause)
{
    public bool IsFinal => isFinal;

    /// <summary>The one among an exception and its causes.</summary>
    public static ProxyException? In(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            if (e is ProxyException found)
            {
                return found;
            }
        }
        return null;
    }
}
