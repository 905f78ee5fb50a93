using Amazon.Runtime;
using Amazon.Runtime.Internal.Util;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>
/// Makes the HTTP requests of the SDK's pipeline, all on one pool of connections, with two differences: bodies go out from the
/// caller's memory, and "100 Continue" is not waited for, a round trip that every small write would pay.
/// </summary>
internal sealed class S3RequestFactory(HttpClient connections, IClientConfig config) : IHttpRequestFactory<HttpContent>
{
    public IHttpRequest<HttpContent> CreateHttpRequest(Uri requestUri) => new S3Request(connections, requestUri, config);

    public void Dispose() => connections.Dispose();

    private sealed class S3Request(HttpClient connections, Uri uri, IClientConfig config) : HttpWebRequestMessage(connections, uri, config), IHttpRequest<HttpContent>
    {
        void IHttpRequest<HttpContent>.ConfigureRequest(IRequestContext requestContext)
        {
            if (requestContext.OriginalRequest is GetObjectRequest)
                Request.Options.Set(ReplyGuardHandler.StreamsBody, true);
            if (requestContext.Request.PathResources.TryGetValue("{Key+}", out var key) && key.StartsWith('/'))
                Request.RequestUri = WithLeadingSlash(Request.RequestUri!, requestContext.Request.Endpoint);
        }

        /// <summary>
        /// With the bucket in the endpoint's path the SDK joins it and a key that begins with '/' by that one slash, and signs two.
        /// </summary>
        private static Uri WithLeadingSlash(Uri uri, Uri endpoint)
        {
            var bucket = endpoint.AbsoluteUri;
            return bucket.EndsWith('/')
                ? uri
                : new Uri(string.Concat(bucket, "/", uri.AbsoluteUri.AsSpan(bucket.Length)), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        }

        void IHttpRequest<HttpContent>.WriteToRequestBody(
            HttpContent requestContent, Stream contentStream, IDictionary<string, string> contentHeaders, IRequestContext requestContext)
        {
            WriteToRequestBody(requestContent, contentStream, contentHeaders, requestContext);
            var innermost = contentStream is WrapperStream wrapper ? wrapper.GetNonWrapperBaseStream() : contentStream;
            if (innermost is not SliceStream slices)
                return;
            var body = new SliceContent(slices.Slices, slices.Length, slices.Sent);
            foreach (var header in Request.Content!.Headers.NonValidated)
                body.Headers.TryAddWithoutValidation(header.Key, header.Value);
            Request.Content = body;
        }
    }
}
