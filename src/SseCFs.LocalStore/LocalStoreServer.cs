using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.LocalStore.Faults;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore;

/// <summary>
/// An S3 service over a folder, with SSE-C: what <c>ssecfs serve</c> runs, and tests in their own process. Path style only. Objects rest
/// as ciphertext under the customer's key, which is never stored. SSE-C over plain HTTP is refused in the aws dialect
/// unless the listener is loopback, where nobody else can listen. Thread-safe; dispose stops it.
/// </summary>
public sealed class LocalStoreServer : IAsyncDisposable
{
    private const int LargestHeaders = 96 << 10;

    private readonly WebApplication _app;
    private readonly StoreFolder _store;
    private readonly AccessLog? _log;
    private readonly FaultTable _faults;

    private LocalStoreServer(WebApplication app, StoreFolder store, AccessLog? log, FaultTable faults, RequestCounts counts, IPEndPoint endPoint, bool tls)
    {
        _app = app;
        _store = store;
        _log = log;
        _faults = faults;
        Counts = counts;
        EndPoint = endPoint;
        string host = IPAddress.IsLoopback(endPoint.Address) && tls ? "localhost" : endPoint.ToString()[..endPoint.ToString().LastIndexOf(':')];
        Address = new Uri($"{(tls ? "https" : "http")}://{host}:{endPoint.Port}");
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The endpoint URL for clients.</summary>
    public Uri Address { get; }

    public RequestCounts Counts { get; }

    /// <summary>Opens the folder, reads its index and listens. Fails with <see cref="IOException"/> where the folder is in use, or the port.</summary>
    public static async Task<LocalStoreServer> StartAsync(LocalStoreOptions options, ILoggerFactory? loggers = null, CancellationToken cancellation = default)
    {
        if (options.Credentials.Count == 0 || options.Credentials.Any(c => c.AccessKey.Length == 0 || c.SecretKey.Length == 0))
            throw new ArgumentException("at least one pair of credentials, neither part empty", nameof(options));
        loggers ??= NullLoggerFactory.Instance;
        var logger = loggers.CreateLogger("SseCFs.LocalStore");
        var store = new StoreFolder(options.Directory, options.Durable, logger);
        AccessLog? log = null;
        try
        {
            log = options.AccessLog is { } lines ? new AccessLog(lines) : null;
            var faults = new FaultTable(options.Faults, options.FaultSeed, logger);
            var counts = new RequestCounts();
            bool tls = options.Certificate is not null;
            var handler = new RequestHandler(options, store, faults, counts, log, tls || IPAddress.IsLoopback(options.Listen.Address), logger);
            var app = Build(options, loggers);
            app.Run(handler.HandleAsync);
            await app.StartAsync(cancellation);
            var endPoint = new IPEndPoint(options.Listen.Address, new Uri(app.Urls.First()).Port);
            var server = new LocalStoreServer(app, store, log, faults, counts, endPoint, tls);
            Log.Serving(logger, options.Directory, options.Dialect.Name, server.Address.ToString());
            return server;
        }
        catch
        {
            log?.Dispose();
            store.Dispose();
            throw;
        }
    }

    /// <summary>Replaces all faults in force; none ends them.</summary>
    public void SetFaults(params IEnumerable<Fault> faults) => _faults.Replace(faults);

    public async ValueTask DisposeAsync()
    {
        // Requests under way get no more time: like a crash, they were not acknowledged.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _log?.Dispose();
        _store.Dispose();
    }

    private static WebApplication Build(LocalStoreOptions options, ILoggerFactory loggers)
    {
        // The empty builder reads no configuration files and no environment: nothing but the options decides.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = LargestHeaders;
            kestrel.Limits.MaxRequestBufferSize = 4 << 20;
            kestrel.Limits.MaxResponseBufferSize = 2 << 20;
            // One character a byte: signatures and metadata are over the bytes of the wire.
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (options.Certificate is { } certificate)
                    listen.UseHttps(certificate);
            });
        });
        if (options.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        return builder.Build();
    }
}
