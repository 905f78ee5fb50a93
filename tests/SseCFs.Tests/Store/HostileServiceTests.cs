using System.Net;
using System.Net.Sockets;
using System.Text;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>What calls itself S3 and answers anything at all: every request ends with an error that says so, in time and without filling memory.</summary>
public sealed class HostileServiceTests : IAsyncDisposable
{
    private const string Xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly StoreOptions Hasty = new() { Bucket = "bucket", RetryFor = TimeSpan.FromMilliseconds(300), AnswerWithin = TimeSpan.FromMilliseconds(500) };

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SseCFs.Keys.CustomerKey _key = Service.NewKey();
    private byte[] _answer = [];
    private bool _isEndless;

    /// <summary>Bytes of the longest answer that was taken in.</summary>
    private long _mostTaken;
    private Task? _serving;

    public static TheoryData<string> Answers => [.. Replies.Keys];

    private static Dictionary<string, string> Replies { get; } = new()
    {
        ["nothing"] = "",
        ["not HTTP"] = "SSH-2.0-OpenSSH_9.2p1\r\n",
        ["half a head"] = "HTTP/1.1 200 OK\r\nContent-Le",
        ["another protocol's status"] = "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        ["a web page"] = Reply("200 OK", "<html><body>It works!<br></body>", "Content-Type: text/html"),
        ["a web page as error"] = Reply("500 Oh", "<html>sorry", "Content-Type: text/html"),
        ["another document"] = Reply("200 OK", Xml + "<Other><Key>a</Key></Other>"),
        ["half a document"] = Reply("200 OK", Xml + "<ListBucketResult><Name>bucket</Name><Contents><Key>a</K"),
        ["less than it says"] = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 1000000\r\n\r\n" + Xml,
        ["a negative length"] = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: -5\r\n\r\n",
        ["no ETag"] = Reply("200 OK", ""),
        ["another range"] = Reply("206 Partial Content", "0123456789", "ETag: \"1\"\r\nContent-Range: bytes 5-14/1000"),
        ["a range that cannot be"] = Reply("206 Partial Content", "0123456789", "ETag: \"1\"\r\nContent-Range: bytes 0-9/-3"),
        ["a range that cannot be read"] = Reply("206 Partial Content", "0123456789", "ETag: \"1\"\r\nContent-Range: all of it"),
        ["not modified"] = "HTTP/1.1 304 Not Modified\r\n\r\n",
        ["a redirect to nowhere"] = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n",
        ["sizes that are no numbers"] = Reply("200 OK", Xml + "<ListBucketResult><Name>bucket</Name><Contents><Key>a</Key><Size>many</Size><ETag>1</ETag></Contents></ListBucketResult>"),
        ["keys that were not asked for"] = Reply("200 OK", Xml + "<ListBucketResult><Name>bucket</Name><Contents><Key>other</Key><Size>1</Size><ETag>1</ETag></Contents></ListBucketResult>"),
        ["more without a way to it"] = Reply("200 OK", Xml + "<ListBucketResult><Name>bucket</Name><IsTruncated>true</IsTruncated></ListBucketResult>"),
        ["the same page for ever"] = Reply(
            "200 OK", Xml + "<ListBucketResult><Name>bucket</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>d/a</Key><Size>1</Size><ETag>1</ETag></Contents></ListBucketResult>"),
        ["empty pages for ever"] = Reply("200 OK", Xml + "<ListBucketResult><Name>bucket</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"),
        ["a document without an end"] = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\n\r\n" + Xml + "<ListBucketResult><Name>bucket</Name><Contents>",
        ["headers without an end"] = "HTTP/1.1 200 OK\r\nX-More: ",
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task EveryRequestEndsWithAnErrorThatSaysSo(string name)
    {
        (_answer, _isEndless) = (Encoding.ASCII.GetBytes(Replies[name]), name.EndsWith("without an end", StringComparison.Ordinal));
        _listener.Start();
        _serving = ServeAsync();
        var options = Hasty with { Endpoint = new Uri($"http://{_listener.LocalEndpoint}") };
        using var store = new S3ObjectStore(S3ClientFactory.Create(options), options, new SseCFs.Keys.KeyRing([_key]), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<S3ObjectStore>.Instance);
        var source = new ObjectInfo("source", 10 << 20, "1", DateTimeOffset.UnixEpoch, Encryption.CustomerKey, NoMetadata);
        await Task.WhenAll(new (string What, Func<Task> Request)[]
        {
            ("HEAD", () => store.HeadAsync("a", None).AsTask()),
            ("GET", () => ReadAsync(store)),
            ("LIST", () => ListAsync(store)),
            ("PUT", () => store.PutAsync("a", ObjectContent.Of("content"u8.ToArray()), NoMetadata, WriteCondition.None, None).AsTask()),
            ("start", () => store.StartUploadAsync("a", NoMetadata, None).AsTask()),
            ("part", () => store.ResumeUpload("a", "id", NoMetadata, new Dictionary<int, string>()).UploadPartAsync(1, ObjectContent.Of("content"u8.ToArray()), None).AsTask()),
            ("complete", () => store.ResumeUpload("a", "id", NoMetadata, new Dictionary<int, string> { [1] = "1" }).CompleteAsync(7, WriteCondition.None, None).AsTask()),
            ("copy", () => store.CopyAsync(source, "b", NoMetadata, WriteCondition.None, None).AsTask()),
        }.Select(async one =>
        {
            var failure = await Record.ExceptionAsync(one.Request).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

            Assert.True(failure is FsException { Message.Length: > 10 } || (failure is null && IsRight(one.What, name)), $"{one.What}: {failure?.ToString() ?? "no error"}");
        }));
        Assert.InRange(Interlocked.Read(ref _mostTaken), 0, 40 << 20);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_serving is not null)
            await _serving;
        _stop.Dispose();
        _listener.Dispose();
        _key.Dispose();
    }

    /// <summary>A HEAD's answer is in its headers alone.</summary>
    private static bool IsRight(string request, string answer) => request == "HEAD" && Replies[answer].Contains("ETag: ", StringComparison.Ordinal);

    private static async Task ReadAsync(S3ObjectStore store)
    {
        var body = await store.GetAsync("a", 0, 100, "1234", null, None);
        await using (body!)
        {
            while (await body!.ReadAsync(new byte[100], None) > 0)
            {
            }
        }
    }

    private static async Task ListAsync(S3ObjectStore store)
    {
        await foreach (var page in store.ListAllAsync("d/", null, None))
        {
            Assert.NotNull(page);
        }
    }

    private static string Reply(string status, string body, string headers = "Content-Type: application/xml") =>
        $"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {Encoding.ASCII.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        try
        {
            for (; ; )
            {
                open.Add(AnswerAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var request = new byte[64 << 10];
                var length = 0;
                while (request.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
                {
                    var read = await socket.ReceiveAsync(request.AsMemory(length), _stop.Token);
                    if (read == 0)
                        return;
                    length += read;
                }
                await socket.SendAsync(_answer, _stop.Token);
                for (long sent = 0; _isEndless; InterlockedMax(sent))
                    sent += await socket.SendAsync(Encoding.ASCII.GetBytes(new string('x', 64 << 10)), _stop.Token);
                socket.Shutdown(SocketShutdown.Send);
                while (await socket.ReceiveAsync(request, _stop.Token) > 0)
                {
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
            }
        }
    }

    private void InterlockedMax(long sent)
    {
        for (var most = Interlocked.Read(ref _mostTaken); sent > most && Interlocked.CompareExchange(ref _mostTaken, sent, most) != most; most = Interlocked.Read(ref _mostTaken))
        {
        }
    }
}
