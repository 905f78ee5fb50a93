using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Keys;
using SseCFs.Keys.OpenStack;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tests.Keys.OpenStack;
using SseCFs.Tests.Support;
using SseCFs.Transport;

namespace SseCFs.Tests.Transport;

/// <summary>What goes through a proxy that was named, and what a person is told when that fails.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const string Bucket = "proxy-test";

    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("proxy-test-").FullName;
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly CustomerKey _key = new(RandomNumberGenerator.GetBytes(CustomerKey.Length));
    private LocalStoreServer _server = null!;

    private string CaFile => Path.Combine(_folder, "ca.pem");

    private StoreOptions Options => new() { Bucket = Bucket, Endpoint = _server.Address, CaFile = CaFile, RetryFor = TimeSpan.Zero };

    public async ValueTask InitializeAsync()
    {
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem());
        _server = await StartAsync("https", _certificate);
        await MakeBucketAsync(Options);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task HttpsGoesThroughATunnelAndTheProxySeesOnlyWhereTo()
    {
        await using var proxy = ConnectProxy.Start();
        await PutAndHeadAsync(Options with { Proxy = ServiceProxy.Parse(proxy.Address.ToString()) });
        Assert.All(proxy.Heads, head => Assert.StartsWith($"CONNECT {_server.Address.Authority} HTTP/1.1\r\n", head, StringComparison.Ordinal));
        Assert.NotEmpty(proxy.Heads);
        Assert.DoesNotContain("x-amz", proxy.Seen, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(_key.Bytes), proxy.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheProxyItselfMayBeReachedOverTls()
    {
        await using var proxy = ConnectProxy.Start(certificate: _certificate);
        await PutAndHeadAsync(Options with { Proxy = ServiceProxy.Parse(proxy.Address.ToString()) });
        Assert.StartsWith("CONNECT ", Assert.Single(proxy.Heads), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainHttpGoesStraight()
    {
        await using var proxy = ConnectProxy.Start();
        await using var plain = await StartAsync("http", null);
        var options = Options with { Endpoint = plain.Address, Proxy = ServiceProxy.Parse(proxy.Address.ToString()) };
        await MakeBucketAsync(options);
        await PutAndHeadAsync(options);
        Assert.Equal(0, proxy.Connections);
    }

    [Theory]
    [InlineData("me:secret", null)]
    [InlineData("me:wrong", "refuses the user and password")]
    [InlineData(null, "--proxy-credentials")]
    public async Task UserAndPasswordAreGivenIfTheProxyAsks(string? given, string? refusal)
    {
        await using var proxy = ConnectProxy.StartFor("me", "secret");
        var named = ServiceProxy.Parse(proxy.Address.ToString().Replace("://", given is null ? "://" : $"://{given}@", StringComparison.Ordinal));
        if (refusal is null)
        {
            await PutAndHeadAsync(Options with { Proxy = named });
            return;
        }
        await FailsAsync(FsError.AccessDenied, named, refusal);
    }

    [Theory]
    [InlineData("403 Forbidden", FsError.AccessDenied, "refuses to connect to localhost")]
    [InlineData("405 Method Not Allowed", FsError.AccessDenied, "answers CONNECT with 405")]
    [InlineData("502 Bad Gateway", FsError.Unavailable, "fails to connect to localhost")]
    [InlineData("504 Gateway Timeout", FsError.Unavailable, "answers CONNECT with 504")]
    public async Task ATunnelThatIsRefusedIsTheProxys(string status, FsError reason, string named)
    {
        await using var proxy = ConnectProxy.Start(_ => $"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await FailsAsync(reason, ServiceProxy.Parse(proxy.Address.ToString()), named);
    }

    [Fact]
    public async Task WhatIsRefusedForGoodIsNotTriedAgain()
    {
        await using var proxy = ConnectProxy.Start(_ => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var store = StoreWith(Options with { Proxy = ServiceProxy.Parse(proxy.Address.ToString()), RetryFor = TimeSpan.FromMinutes(10) });
        await Fails.With(FsError.AccessDenied, () => store.ListAsync("", null, null, 1, None).AsTask());
        Assert.Single(proxy.Heads);
    }

    [Fact]
    public async Task AProxyThatGivesNoAnswerIsNamed()
    {
        await using var proxy = ConnectProxy.Start(_ => "");
        await FailsAsync(FsError.Unavailable, ServiceProxy.Parse(proxy.Address.ToString()), "instead of answering CONNECT");
    }

    [Fact]
    public async Task AProxyThatIsNotThereIsNamed()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        await FailsAsync(FsError.Unavailable, ServiceProxy.Parse($"http://me:secret@127.0.0.1:{port}"), $"the proxy http://127.0.0.1:{port} cannot be reached");
    }

    [Fact]
    public async Task AProxysCertificateIsToldFromTheServices()
    {
        using var other = MakeCertificate();
        await using var proxy = ConnectProxy.Start(certificate: other);
        await FailsAsync(FsError.AccessDenied, ServiceProxy.Parse(proxy.Address.ToString()), "no TLS connection to the proxy");
        await using var trusted = ConnectProxy.Start();
        using var store = StoreWith(Options with { Proxy = ServiceProxy.Parse(trusted.Address.ToString()), CaFile = "/etc/ssl/certs/ca-certificates.crt" });
        var failure = await Assert.ThrowsAsync<FsException>(() => store.ListAsync("", null, null, 1, None).AsTask());
        Assert.Contains("the service's certificate is not trusted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeystoneIsAskedThroughIt()
    {
        await using var proxy = ConnectProxy.Start(_ => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var connection = new CloudConnection(null, ServiceProxy.Parse(proxy.Address.ToString()), allowPlainHttp: false);
        var refusal = await Assert.ThrowsAsync<KeySourceException>(() => connection.SendAsync("Keystone", () => new HttpRequestMessage(HttpMethod.Get, "https://id.example.org/v3"), None));
        Assert.Contains("refuses to connect to id.example.org:443", refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith("CONNECT id.example.org:443 ", Assert.Single(proxy.Heads), StringComparison.Ordinal);
        await using var cloud = new FakeCloud();
        using var answer = await connection.SendAsync("Keystone", () => new HttpRequestMessage(HttpMethod.Get, cloud.Url + "/v1/secrets"), None);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Single(proxy.Heads);
    }

    private async Task PutAndHeadAsync(StoreOptions options)
    {
        using var store = StoreWith(options);
        await store.PutAsync("k", ObjectContent.Of(new byte[100_000]), NoMetadata, WriteCondition.None, None);
        Assert.Equal(100_000, (await store.HeadAsync("k", None)).Size);
    }

    private async Task FailsAsync(FsError reason, ServiceProxy proxy, string named)
    {
        using var store = StoreWith(Options with { Proxy = proxy });
        var failure = await Assert.ThrowsAsync<FsException>(() => store.ListAsync("", null, null, 1, None).AsTask());
        Assert.Equal((reason, failure.Message), (failure.Reason, failure.Message));
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.Contains(proxy.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }

    private S3ObjectStore StoreWith(StoreOptions options) =>
        new(S3ClientFactory.Create(options), options, new KeyRing([_key]), TimeProvider.System, NullLogger<S3ObjectStore>.Instance);

    private static async Task MakeBucketAsync(StoreOptions options)
    {
        using var client = S3ClientFactory.Create(options with { Proxy = null });
        await BucketMaker.MakeAsync(client, options, TimeProvider.System, NullLogger.Instance, None);
    }

    private Task<LocalStoreServer> StartAsync(string name, X509Certificate2? certificate) => LocalStoreServer.StartAsync(new LocalStoreOptions
    {
        Directory = Path.Combine(_folder, name),
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        Credentials = [new Credential(Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")!, Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!)],
        Certificate = certificate,
        Durable = false,
    });

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
