using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SseCFs.Tests.Support;

/// <summary>An HTTP proxy that opens tunnels, and remembers whatever came to it.</summary>
public sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, string?> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly MemoryStream _seen = new();
    private readonly Task _accepting;
    private int _connections;

    private ConnectProxy(Func<string, string?> answer, X509Certificate2? certificate)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        Address = new Uri($"{(certificate is null ? "http" : "https")}://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The heads of requests, in the order in which they came.</summary>
    public IReadOnlyList<string> Heads => [.. _heads];

    /// <summary>All bytes that clients sent, one character each.</summary>
    public string Seen
    {
        get
        {
            lock (_seen)
                return Encoding.Latin1.GetString(_seen.ToArray());
        }
    }

    /// <param name="answer">Given a request's head, the whole reply, after which the connection ends; null: the tunnel that it asks for.</param>
    /// <param name="certificate">Clients reach it over TLS.</param>
    public static ConnectProxy Start(Func<string, string?>? answer = null, X509Certificate2? certificate = null) => new(answer ?? (_ => null), certificate);

    /// <summary>Asks for user and password.</summary>
    public static ConnectProxy StartFor(string user, string password)
    {
        var right = "Proxy-Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        return Start(head => head.Contains(right, StringComparison.Ordinal)
            ? null
            : "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
                served.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        Interlocked.Increment(ref _connections);
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var encrypted = new SslStream(stream);
                    await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                    stream = encrypted;
                }
                await using (stream)
                    await AnswerAsync(stream);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or AuthenticationException)
            {
                // The client sees the same.
            }
        }
    }

    private async Task AnswerAsync(Stream client)
    {
        var head = await ReadHeadAsync(client);
        _heads.Enqueue(head);
        var target = head.StartsWith("CONNECT ", StringComparison.Ordinal) ? head.Split(' ')[1] : null;
        var reply = _answer(head) ?? (target is null ? "HTTP/1.1 502 No tunnel was asked for\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : null);
        if (reply is not null)
        {
            await client.WriteAsync(Encoding.ASCII.GetBytes(reply), _stop.Token);
            return;
        }
        var colon = target!.LastIndexOf(':');
        using var service = new TcpClient();
        await service.ConnectAsync(target[..colon].Trim('[', ']'), int.Parse(target[(colon + 1)..], null), _stop.Token);
        await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stop.Token);
        await Task.WhenAny(CopyAsync(client, service.GetStream(), Note), CopyAsync(service.GetStream(), client, _ => { }));
    }

    private async Task<string> ReadHeadAsync(Stream client)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        // Byte by byte: what follows the head goes through the tunnel.
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReadAsync(one, _stop.Token) == 1)
        {
            head.Append((char)one[0]);
            Note(one);
        }
        return head.ToString();
    }

    private void Note(ReadOnlyMemory<byte> bytes)
    {
        lock (_seen)
            _seen.Write(bytes.Span);
    }

    private async Task CopyAsync(Stream from, Stream to, Action<ReadOnlyMemory<byte>> note)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, _stop.Token) is > 0 and var read)
        {
            note(buffer.AsMemory(0, read));
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }
}
