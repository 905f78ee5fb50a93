using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.LocalStore.Faults;
using SseCFs.LocalStore.Storage;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>SSE-C over plain HTTP to other hosts, without opening a port to them.</summary>
public sealed class SecureTransportTests
{
    [Theory]
    [InlineData("aws", false, 400)]
    [InlineData("aws", true, 200)]
    [InlineData("ceph16", false, 200)]
    public async Task Plain_HTTP_with_keys_is_refused_where_others_can_listen(string dialect, bool secure, int status)
    {
        string folder = Directory.CreateTempSubdirectory("localstore-").FullName;
        try
        {
            using var store = new StoreFolder(folder, durable: false, NullLogger.Instance);
            store.Create("bucket", new StoredBucket { Created = DateTimeOffset.UnixEpoch });
            var options = new LocalStoreOptions { Directory = folder, Credentials = [new Credential("a", "b")], Dialect = Dialect.Parse(dialect) };
            var handler = new RequestHandler(options, store, new FaultTable([], 1, NullLogger.Instance), new RequestCounts(), null, secure, NullLogger.Instance);
            var http = new DefaultHttpContext();
            http.Features.Get<IHttpRequestFeature>()!.RawTarget = "/bucket/o";
            http.Request.Method = "PUT";
            http.Response.Body = new MemoryStream();
            using var session = new S3Session(new Uri("http://example.test"), "a", "b", "bucket");
            var now = session.Now;
            var headers = session.HeadersToSign(Keys(1), null, now);
            foreach (var (name, value) in headers)
                http.Request.Headers[name] = value;
            http.Request.Headers.Authorization = new Signer("a", "b").Sign("PUT", "/bucket/o", "", headers, headers["x-amz-content-sha256"], now).Authorization;
            await handler.HandleAsync(http);
            string text = System.Text.Encoding.UTF8.GetString(((MemoryStream)http.Response.Body).ToArray());
            Assert.True(status == http.Response.StatusCode, string.Create(CultureInfo.InvariantCulture, $"{http.Response.StatusCode} {text}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
