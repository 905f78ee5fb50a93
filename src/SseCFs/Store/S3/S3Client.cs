using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;
using Amazon.S3.Internal;

namespace SseCFs.Store.S3;

/// <summary>The SDK's client on connections of ours (see <see cref="S3RequestFactory"/>), and without its habit of following redirects.</summary>
internal sealed class S3Client : AmazonS3Client
{
    public S3Client(AWSCredentials credentials, AmazonS3Config config, HttpClient connections)
        : base(credentials, config)
    {
        RuntimePipeline.ReplaceHandler<HttpHandler<HttpContent>>(new HttpHandler<HttpContent>(new S3RequestFactory(connections, config), this));
        RuntimePipeline.ReplaceHandler<RetryHandler>(new RetryHandler(new ClockSkewPolicy()));
        RuntimePipeline.RemoveHandler<AmazonS3RedirectHandler>();
    }
}
