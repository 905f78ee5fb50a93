using System.Net;
using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>One more gateway on the real Ceph, over TLS at a port of its own; the buckets are those of all its gateways.</summary>
public sealed class CephGateway : IOwnService
{
    private readonly Func<Background> _start;
    private Background _process;

    private CephGateway(Func<Background> start, Endpoint endpoint)
    {
        _start = start;
        _process = start();
        Endpoint = endpoint;
    }

    public Endpoint Endpoint { get; }

    public static async Task<CephGateway> StartAsync(Target target)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var log = Path.Combine(target.Home, $"gateway-{port}.log");
            var endpoint = target.Endpoint with { Url = new Uri($"https://localhost:{port}") };
            var gateway = new CephGateway(() => Background.Start(target.GatewayProgram, [$"{port}"], target.Environment(), log), endpoint);
            if (await gateway._process.ListensAsync(endpoint)) return gateway;
            await gateway.DisposeAsync();

            // Another program may have taken the port meanwhile.
            if (attempt == 3) throw new InvalidOperationException($"no gateway answers at {endpoint.Url}:\n{gateway._process.LogTail()}");
        }
    }

    public Task KillAsync() => _process.KillAsync();

    public async Task StartAgainAsync()
    {
        _process = _start();
        if (!await _process.ListensAsync(Endpoint)) throw new InvalidOperationException($"the gateway does not come back:\n{_process.LogTail()}");
    }

    /// <summary>Ended properly: for one that was killed, Ceph lets whoever makes a bucket wait for half a minute.</summary>
    public async ValueTask DisposeAsync() => await _process.StopAsync();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
