using System.Net;
using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>Stands before the service and passes on what comes, both ways; what it looks at is its kind's.</summary>
public abstract class PassingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;

    protected PassingProxy(Endpoint service)
    {
        Service = service;
        _listener.Start();
        Endpoint = service with { Url = new UriBuilder(service.Url) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri };
    }

    /// <summary>The service by way of this.</summary>
    public Endpoint Endpoint { get; protected init; }

    protected Endpoint Service { get; }

    protected CancellationToken Stop => _stop.Token;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
        Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins to accept; once the kind is ready.</summary>
    protected void Start() => _accepting = AcceptAsync();

    protected virtual void Dispose()
    {
    }

    /// <summary>Passes on one connection until either side ends it.</summary>
    protected abstract Task CarryAsync(NetworkStream near, NetworkStream far);

    protected async Task CopyAsync(Stream from, Stream to, Action<ReadOnlyMemory<byte>> look)
    {
        var buffer = new byte[128 << 10];
        while (await from.ReadAsync(buffer, Stop) is > 0 and var read)
        {
            look(buffer.AsMemory(0, read));
            await to.WriteAsync(buffer.AsMemory(0, read), Stop);
        }
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true) carried.Add(ConnectAsync(await _listener.AcceptTcpClientAsync(Stop)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(carried);
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        using var service = new TcpClient { NoDelay = true };
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await service.ConnectAsync(Service.Url.Host, Service.Url.Port, Stop);
                await CarryAsync(client.GetStream(), service.GetStream());
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The program at the other end sees the same, and tries again.
            }
        }
    }
}
