using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SseCFs.EndToEnd.Harness;

/// <summary>The tool's own S3 service in a process of its own, over a directory that goes with it.</summary>
public sealed partial class EmbeddedStore : IOwnService
{
    private readonly Func<int, Background> _start;
    private Background _process;

    private EmbeddedStore(Func<int, Background> start, Background process, Endpoint endpoint, string directory)
    {
        _start = start;
        _process = process;
        Endpoint = endpoint;
        DataDirectory = directory;
    }

    public Endpoint Endpoint { get; }

    /// <summary>Where the objects rest.</summary>
    public string DataDirectory { get; }

    /// <param name="faults">What goes wrong, as <c>ssecfs serve --fault</c> takes it.</param>
    public static Task<EmbeddedStore> StartAsync(Target target, params string[] faults) =>
        StartAsync(target, target.Dialect, "http", null, faults.SelectMany(fault => new[] { "--fault", fault }));

    /// <summary>As AWS is since April 2026, whatever the target is: new buckets block SSE-C.</summary>
    public static Task<EmbeddedStore> StartBlockingAsync(Target target) => StartAsync(target, "aws", "http", null, ["--block-sse-c"]);

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
        return await StartAsync(target, target.Dialect, "https", certificate, ["--tls-certificate", certificate, "--tls-key", key]);
    }

    private static async Task<EmbeddedStore> StartAsync(Target target, string dialect, string scheme, string? certificate, IEnumerable<string> options)
    {
        var directory = Path.Combine(target.Home, "store-" + Target.RandomName());
        Directory.CreateDirectory(directory);

        // The store takes the port and says which: one that was free a moment ago may be another's by now.
        var environment = target.Environment(new Endpoint(new Uri($"{scheme}://127.0.0.1"), certificate, "ACCESSKEY", "SECRETKEY"));
        Background Start(int port) => Background.Start(
            target.Tool, ["serve", directory, "--listen", $"127.0.0.1:{port}", "--dialect", dialect, .. options], environment, directory + ".log");
        var process = Start(0);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Background.HangLimit && !process.HasExited; await Task.Delay(20))
        {
            if (ServingAt().Match(process.LogTail()) is { Success: true } line)
                return new EmbeddedStore(Start, process, new Endpoint(new Uri(line.Groups[1].Value), certificate, "ACCESSKEY", "SECRETKEY"), directory);
        }

        await process.KillAsync();
        throw new InvalidOperationException($"ssecfs serve does not say where it serves:\n{process.LogTail()}");
    }

    public Task KillAsync() => _process.KillAsync();

    public async Task StartAgainAsync()
    {
        _process = _start(Endpoint.Url.Port);
        if (!await _process.ListensAsync(Endpoint)) throw new InvalidOperationException($"ssecfs serve does not come back:\n{_process.LogTail()}");
    }

    public async ValueTask DisposeAsync() => await _process.KillAsync();

    [GeneratedRegex("^serving .* at (https?://[^ ]+) as ", RegexOptions.Multiline)]
    private static partial Regex ServingAt();
}
