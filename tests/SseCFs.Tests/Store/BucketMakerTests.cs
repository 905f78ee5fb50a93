using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>What goes wrong while a bucket is made.</summary>
public sealed class BucketMakerTests(AwsService service) : IClassFixture<AwsService>, IDisposable
{
    private const string Owned = "<Error><Code>BucketAlreadyOwnedByYou</Code><Message>yours</Message></Error>";
    private const string Unknown = "<Error><Code>NotImplemented</Code><Message>unknown</Message></Error>";

    public void Dispose() => service.Server.SetFaults();

    [Fact]
    public Task ALostReplyLeavesABucketThatIsMade() => MakeAsync("", Reply("409 Conflict", Owned), Reply("501 Not Implemented", Unknown));

    [Fact]
    public async Task OneThatWasThereBeforeIsTold()
    {
        var failure = await Assert.ThrowsAsync<FsException>(() => MakeAsync(Reply("409 Conflict", Owned)));
        Assert.Equal((FsError.Exists, "the bucket made exists already, and is yours"), (failure.Reason, failure.Message));
    }

    [Fact]
    public async Task AServiceThatDoesNotAnswerIsSaidNotToAnswer()
    {
        service.Server.SetFaults(new Fault(FaultKind.Latency) { Operation = Operation.CreateBucket, Amount = 30_000 });
        var failure = await Assert.ThrowsAsync<FsException>(
            () => MakeAsync(service.Options with { Bucket = "slow", AnswerWithin = TimeSpan.FromSeconds(1), RetryFor = TimeSpan.Zero }));
        Assert.Equal((FsError.Unavailable, "making bucket slow: the service does not answer: no answer within 1 s"), (failure.Reason, failure.Message));
    }

    private static string Reply(string status, string body) =>
        $"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    private static async Task MakeAsync(StoreOptions options)
    {
        using var client = S3ClientFactory.Create(options);
        await BucketMaker.MakeAsync(client, options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    /// <summary>Makes a bucket at a service that gives these answers, one to each request.</summary>
    private static async Task MakeAsync(params string[] answers)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var made = new CancellationTokenSource();
        var serving = ServeAsync();
        try
        {
            await MakeAsync(new StoreOptions { Bucket = "made", Endpoint = new Uri($"http://{listener.LocalEndpoint}") });
        }
        finally
        {
            await made.CancelAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ServeAsync()
        {
            foreach (var answer in answers)
            {
                using var connection = await listener.AcceptSocketAsync(made.Token);
                await connection.ReceiveAsync(new byte[8192]);
                await connection.SendAsync(Encoding.ASCII.GetBytes(answer));
                connection.Shutdown(SocketShutdown.Send);
            }
        }
    }
}
