using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SseCFs.LocalStore.Tests;

/// <summary>A store in a folder of its own with one bucket, on a free port; gone with the test.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    public const string AccessKey = "AKIDTEST";
    public const string SecretKey = "secret/of+the=test";
    public const string Bucket = "bucket";

    private readonly Func<LocalStoreOptions, LocalStoreOptions> _configure;

    private TestStore(string folder, Func<LocalStoreOptions, LocalStoreOptions> configure)
    {
        Folder = folder;
        _configure = configure;
    }

    public string Folder { get; }

    public LocalStoreServer Server { get; private set; } = null!;

    public S3Session S3 { get; private set; } = null!;

    public string Data => Path.Combine(Folder, "data");

    public static async Task<TestStore> StartAsync(Dialect? dialect = null, Func<LocalStoreOptions, LocalStoreOptions>? configure = null)
    {
        string folder = Directory.CreateTempSubdirectory("localstore-").FullName;
        var store = new TestStore(folder, options => (configure ?? (o => o))(options with { Dialect = dialect ?? Dialect.Aws }));
        await store.OpenAsync();
        var made = await store.S3.SendAsync("PUT", "", "");
        Assert.Equal(200, made.Status);
        return store;
    }

    /// <summary>Stops and starts on the same folder; between them the action may do what a crash does.</summary>
    public async Task RestartAsync(Action? between = null)
    {
        S3.Dispose();
        await Server.DisposeAsync();
        between?.Invoke();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        S3.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        var options = _configure(new LocalStoreOptions
        {
            Directory = Data,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Credentials = [new Credential(AccessKey, SecretKey)],
            Durable = false,
        });
        Server = await LocalStoreServer.StartAsync(options);
        S3 = new S3Session(Server.Address, AccessKey, SecretKey, Bucket, options.Time, options.Certificate);
    }

    /// <summary>A self-signed certificate for localhost and 127.0.0.1; its PEM is written for clients that need a file.</summary>
    public static X509Certificate2 MakeCertificate(string? pemPath = null)
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        if (pemPath is not null)
            File.WriteAllText(pemPath, certificate.ExportCertificatePem());
        return certificate;
    }
}
