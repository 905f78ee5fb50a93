using System.Net;
using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>The tool's own S3 service in a process of its own, over a directory that goes with it.</summary>
public sealed class EmbeddedStore : IAsyncDisposable
{
    private readonly Background _process;

    private EmbeddedStore(Background process, Endpoint endpoint, string directory)
    {
        _process = process;
        Endpoint = endpoint;
        DataDirectory = directory;
    }

    public Endpoint Endpoint { get; }

    /// <summary>Where the objects rest.</summary>
    public string DataDirectory { get; }

    /// <param name="faults">What goes wrong, as <c>ssecfs serve --fault</c> takes it.</param>
    public static Task<EmbeddedStore> StartAsync(Target target, params string[] faults) =>
        StartAsync(target, "http", null, faults.SelectMany(fault => new[] { "--fault", fault }));

    /// <summary>Over TLS, with a certificate of its own for localhost.</summary>
    public static async Task<EmbeddedStore> StartOverTlsAsync(Target target)
    {
        var name = Path.Combine(target.Home, "tls-" + Target.RandomName());
        var certificate = name + ".pem";
        var key = name + ".key";
        await Shell.RunAsync("""
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
                -keyout "$STORE_KEY" -out "$STORE_CERTIFICATE"
            """, target.Home, new Dictionary<string, string> { ["STORE_KEY"] = key, ["STORE_CERTIFICATE"] = certificate });
        return await StartAsync(target, "https", certificate, ["--tls-certificate", certificate, "--tls-key", key]);
    }

    private static async Task<EmbeddedStore> StartAsync(Target target, string scheme, string? certificate, IEnumerable<string> options)
    {
        var directory = Path.Combine(target.Home, "store-" + Target.RandomName());
        Directory.CreateDirectory(directory);
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var endpoint = new Endpoint(new Uri($"{scheme}://127.0.0.1:{port}"), certificate, "ACCESSKEY", "SECRETKEY");
            string[] arguments = ["serve", directory, "--listen", $"127.0.0.1:{port}", "--dialect", target.Dialect, .. options];
            var process = Background.Start(target.Tool, arguments, target.Environment(endpoint), directory + ".log");
            if (await AnswersAsync(process, port)) return new EmbeddedStore(process, endpoint, directory);

            var log = process.LogTail();
            await process.KillAsync();
            if (attempt == 3) throw new InvalidOperationException($"ssecfs serve does not answer:\n{log}");
        }
    }

    public async ValueTask DisposeAsync() => await _process.KillAsync();

    private static async Task<bool> AnswersAsync(Background process, int port)
    {
        for (var tries = 0; tries < 200 && !process.HasExited; tries++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
