using System.Net;
using System.Net.Sockets;
using System.Text;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Where the client may go, and where it may not.</summary>
public sealed class S3ClientFactoryTests
{
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);

    [Theory]
    [InlineData("http://storage.example.org")]
    [InlineData("http://192.0.2.1:7480")]
    public void PlainHttpToAnotherMachineIsRefused(string endpoint)
    {
        var options = new StoreOptions { Bucket = "b", Endpoint = new Uri(endpoint) };
        var refusal = Assert.Throws<StoreOptionsException>(() => S3ClientFactory.Create(options));
        Assert.Contains("--allow-plain-http", refusal.Message, StringComparison.Ordinal);
        S3ClientFactory.Create(options with { AllowPlainHttp = true }).Dispose();
    }

    [Theory]
    [InlineData("http://localhost:7480")]
    [InlineData("http://127.0.0.1:7480")]
    [InlineData("http://[::1]:7480")]
    [InlineData("https://storage.example.org")]
    public void LoopbackAndTlsAreFine(string endpoint) => S3ClientFactory.Create(new StoreOptions { Bucket = "b", Endpoint = new Uri(endpoint) }).Dispose();

    [Fact]
    public void ACaFileWithoutCertificatesIsNamed()
    {
        var path = Path.GetTempFileName();
        try
        {
            var options = new StoreOptions { Bucket = "b", Endpoint = new Uri("https://localhost"), CaFile = path };
            Assert.Contains(path, Assert.Throws<StoreOptionsException>(() => S3ClientFactory.Create(options)).Message, StringComparison.Ordinal);
            Assert.Contains("/none", Assert.Throws<StoreOptionsException>(() => S3ClientFactory.Create(options with { CaFile = "/none" })).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void AProfileThatIsNotThereIsNamed()
    {
        var options = new StoreOptions { Bucket = "b", Endpoint = new Uri("https://localhost"), Profile = "no-such-profile" };
        Assert.Contains("no-such-profile", Assert.Throws<StoreOptionsException>(() => S3ClientFactory.Create(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("307 Temporary Redirect", "")]
    [InlineData("301 Moved Permanently", "x-amz-bucket-region: eu-north-1\r\n")]
    public async Task ARedirectIsAnErrorAndGetsNoKey(string status, string header)
    {
        await using var service = new Ceph16Service();
        await service.InitializeAsync();
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        using var redirecting = new TcpListener(IPAddress.Loopback, 0);
        redirecting.Start();
        var serving = AnswerAsync(redirecting, $"HTTP/1.1 {status}\r\nLocation: http://{elsewhere.LocalEndpoint}/b/k\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n", 2);

        using var store = service.StoreWith(service.Key, new StoreOptions { Bucket = "b", Endpoint = new Uri($"http://{redirecting.LocalEndpoint}") });
        foreach (var request in new Func<Task>[]
        {
            () => store.PutAsync("k", ObjectContent.Of(new byte[3]), NoMetadata, WriteCondition.None, CancellationToken.None).AsTask(),
            () => store.HeadAsync("k", CancellationToken.None).AsTask(),
        })
        {
            var failure = await Assert.ThrowsAsync<FsException>(request);
            Assert.Contains(header.Length > 0 ? "--region eu-north-1" : $"redirects to {elsewhere.LocalEndpoint}", failure.Message, StringComparison.Ordinal);
        }
        await serving;
        Assert.False(elsewhere.Pending());
    }

    [Fact]
    public async Task AnUntrustedCertificateIsRefusedAtOnce()
    {
        await using var service = new RealService();
        if (service.Missing is { } reason)
            Assert.Skip(reason);
        await service.InitializeAsync();
        using var store = service.StoreWith(service.Key, service.Options with { CaFile = "/etc/ssl/certs/ca-certificates.crt" });
        var failure = await Assert.ThrowsAsync<FsException>(() => store.HeadAsync("k", CancellationToken.None).AsTask());
        Assert.Contains("--ca-file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllRequestsShareFewConnections()
    {
        await using var service = new Ceph16Service();
        await service.InitializeAsync();
        // A listener between the two counts the connections.
        using var between = new TcpListener(IPAddress.Loopback, 0);
        between.Start();
        using var stop = new CancellationTokenSource();
        var connections = 0;
        var relaying = Task.Run(async () =>
        {
            while (true)
            {
                var client = await between.AcceptTcpClientAsync(stop.Token);
                connections++;
                var server = new TcpClient();
                await server.ConnectAsync(service.Server.EndPoint, stop.Token);
                _ = client.GetStream().CopyToAsync(server.GetStream(), stop.Token);
                _ = server.GetStream().CopyToAsync(client.GetStream(), stop.Token);
            }
        });
        using var store = service.StoreWith(service.Key, service.Options with { Endpoint = new Uri($"http://{between.LocalEndpoint}") });
        for (var i = 0; i < 20; i++)
        {
            await store.PutAsync($"k{i}", ObjectContent.Of(new byte[3]), NoMetadata, WriteCondition.None, CancellationToken.None);
            await store.HeadAsync($"k{i}", CancellationToken.None);
        }
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => relaying);
        Assert.Equal(1, connections);
    }

    /// <summary>Reads each request to the end of its head, body not minded, and answers.</summary>
    private static async Task AnswerAsync(TcpListener listener, string reply, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var client = await listener.AcceptTcpClientAsync();
            var stream = client.GetStream();
            var head = new StringBuilder();
            var buffer = new byte[4096];
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var count = await stream.ReadAsync(buffer);
                if (count == 0)
                    break;
                head.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            await stream.WriteAsync(Encoding.ASCII.GetBytes(reply));
            await Task.Delay(200);
        }
    }
}
