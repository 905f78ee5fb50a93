using System.Net;

namespace SseCFs.Store.S3;

/// <summary>
/// What the SDK does not look after: an upload on which nothing moves is given up; replies that are documents are read whole here, up to a limit, since the
/// SDK parses them synchronously and would block a pool thread on the network; and a redirect is an error, since the SDK takes it for success
/// when it may not follow it.
/// </summary>
/// <param name="silenceLimit">How long nothing of an upload may move.</param>
/// <param name="rate">How fast bodies are sent; null: as fast as they go.</param>
internal sealed class ReplyGuardHandler(HttpMessageHandler inner, TimeSpan silenceLimit, TransferRate? rate) : DelegatingHandler(inner)
{
    /// <summary>Set on requests whose reply's body is read by the caller as it arrives.</summary>
    public static readonly HttpRequestOptionsKey<bool> StreamsBody = new("ssecfs.streams-body");

    /// <summary>Bytes of the largest document that is read: 1,000 keys of 1,024 bytes, each of which may be written as %XX, with all that goes with them, are a third of it.</summary>
    private const long LargestDocument = 16 << 20;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var reply = request.Content is SliceContent body
            ? await UploadAsync(request, body, cancellationToken).ConfigureAwait(false)
            : await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode is >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest and not HttpStatusCode.NotModified)
        {
            using (reply)
                throw Redirected(request, reply);
        }
        // A HEAD's length is that of the object, and no body follows.
        if (request.Method != HttpMethod.Head && (!reply.IsSuccessStatusCode || !request.Options.TryGetValue(StreamsBody, out _)))
            await LoadAsync(reply, cancellationToken).ConfigureAwait(false);
        return reply;
    }

    private static async Task LoadAsync(HttpResponseMessage reply, CancellationToken cancellation)
    {
        try
        {
            await reply.Content.LoadIntoBufferAsync(LargestDocument, cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            reply.Dispose();
            if (e is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded })
                throw new FsException(FsError.BadReply, $"the service's reply is longer than {LargestDocument >> 20} MiB", e);
            throw;
        }
    }

    private async Task<HttpResponseMessage> UploadAsync(HttpRequestMessage request, SliceContent body, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(silenceLimit);
        body.Moved = () => silence.CancelAfter(silenceLimit);
        body.Rate = rate;
        try
        {
            return await base.SendAsync(request, silence.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing moved for {silenceLimit.TotalSeconds:0} s", e);
        }
        finally
        {
            body.Moved = null;
        }
    }

    private static FsException Redirected(HttpRequestMessage request, HttpResponseMessage reply)
    {
        var service = request.RequestUri?.Authority;
        if (reply.Headers.TryGetValues("x-amz-bucket-region", out var regions))
            return new FsException(FsError.AccessDenied, $"{service} says that the bucket is in another region: give --region {regions.First()}");
        var target = reply.Headers.Location is { IsAbsoluteUri: true } location ? location.Authority : "another address";
        return new FsException(FsError.AccessDenied, $"{service} redirects to {target}; a key is not sent there. Check endpoint and region");
    }
}
