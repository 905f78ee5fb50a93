using System.Net;
using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>Stands before the service and counts what passes through, TLS and headers included. What it carries it does not look at.</summary>
public sealed class CountingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _service;
    private readonly Task _accepting;
    private long _sent;
    private long _received;

    private CountingProxy(Endpoint endpoint)
    {
        _service = endpoint.Url;
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Endpoint = endpoint with { Url = new UriBuilder(_service) { Port = port }.Uri };
        _accepting = AcceptAsync();
    }

    /// <summary>The service by way of this.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Bytes that went to the service.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Bytes that came from it.</summary>
    public long Received => Interlocked.Read(ref _received);

    public static CountingProxy Start(Endpoint endpoint) => new(endpoint);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true) carried.Add(CarryAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(carried);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var service = new TcpClient();
        using (client)
        {
            try
            {
                await service.ConnectAsync(_service.Host, _service.Port, _stop.Token);
                // Whichever side ends a connection, both do.
                await Task.WhenAny(
                    CopyAsync(client.GetStream(), service.GetStream(), count => Interlocked.Add(ref _sent, count)),
                    CopyAsync(service.GetStream(), client.GetStream(), count => Interlocked.Add(ref _received, count)));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The program at the other end sees the same, and tries again.
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Action<int> count)
    {
        var buffer = new byte[128 << 10];
        while (await from.ReadAsync(buffer, _stop.Token) is > 0 and var read)
        {
            count(read);
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }
}
