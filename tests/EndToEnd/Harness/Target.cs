using System.Runtime.Versioning;
using System.Security.Cryptography;
using Xunit;

[assembly: SupportedOSPlatform("linux")]
[assembly: AssemblyFixture(typeof(SseCFs.EndToEnd.Harness.Target))]

namespace SseCFs.EndToEnd.Harness;

/// <summary>
/// What this run is about, from the environment: <c>SSECFS</c> is the tool under test, <c>SSECFS_E2E_TARGET</c> is
/// <c>embedded:DIALECT</c> or <c>ceph</c> (then with S3_ENDPOINT, S3_CA, S3_GATEWAY and the AWS_ variables). The user is whoever
/// runs the program. One bucket is shared by all scenarios, each with a prefix of its own.
/// </summary>
public sealed class Target : IAsyncLifetime
{
    private readonly string _what = Required("SSECFS_E2E_TARGET");
    private EmbeddedStore? _store;

    public string Tool { get; } = Path.GetFullPath(Required("SSECFS"));

    /// <summary>A directory of this run for mount points, keys and logs.</summary>
    public string Home { get; } = Directory.CreateTempSubdirectory("e2e-").FullName;

    public bool IsEmbedded => _what.StartsWith("embedded:", StringComparison.Ordinal);

    /// <summary>The embedded store's dialect; a real Ceph is what it is.</summary>
    public string Dialect => IsEmbedded ? _what["embedded:".Length..] : "ceph";

    public Endpoint Endpoint { get; private set; } = null!;

    /// <summary>Starts one more gateway on the real Ceph.</summary>
    public string GatewayProgram => Required("S3_GATEWAY");

    public string Bucket { get; } = "e2e-" + RandomName();

    /// <summary>The 32 bytes that scenarios mount with; NUL, newline and bytes that are no text are among them.</summary>
    public byte[] Key { get; } = MakeKey();

    public string KeyFile { get; private set; } = "";

    public S3Client S3 { get; private set; } = null!;

    /// <summary>A service of the same kind that nobody else uses.</summary>
    public async Task<IOwnService> StartOwnServiceAsync() => IsEmbedded ? await EmbeddedStore.StartAsync(this) : await CephGateway.StartAsync(this);

    public async ValueTask InitializeAsync()
    {
        if (IsEmbedded)
        {
            _store = await EmbeddedStore.StartAsync(this);
            Endpoint = _store.Endpoint;
        }
        else if (_what == "ceph")
        {
            Endpoint = new Endpoint(new Uri(Required("S3_ENDPOINT")), Required("S3_CA"),
                Required("AWS_ACCESS_KEY_ID"), Required("AWS_SECRET_ACCESS_KEY"));
        }
        else
        {
            throw new InvalidOperationException($"SSECFS_E2E_TARGET={_what}: neither embedded:DIALECT nor ceph");
        }

        KeyFile = WriteKey("key", Key);
        S3 = new S3Client(Endpoint, Bucket);
        await S3.MakeBucketAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (S3 is not null)
        {
            if (!IsEmbedded) await S3.RemoveBucketAsync();
            S3.Dispose();
        }

        if (_store is not null) await _store.DisposeAsync();
        Directory.Delete(Home, recursive: true);
    }

    public static string RandomName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));

    /// <summary>A key file nobody else may read.</summary>
    public string WriteKey(string name, byte[] key)
    {
        var path = Path.Combine(Home, name);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(key);
        return path;
    }

    /// <summary>The credentials and certificate as every S3 tool takes them.</summary>
    public Dictionary<string, string> Environment(Endpoint? endpoint = null)
    {
        endpoint ??= Endpoint;
        var variables = new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = endpoint.AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = endpoint.SecretKey,
            ["AWS_DEFAULT_REGION"] = "us-east-1",
            ["AWS_REGION"] = "us-east-1",
            ["XDG_STATE_HOME"] = Path.Combine(Home, "state"),
        };
        if (endpoint.CertificateFile is { } file) variables["AWS_CA_BUNDLE"] = file;
        return variables;
    }

    private static string Required(string name) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{name} is not set; tests/run.sh sets it");

    private static byte[] MakeKey()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        key[3] = 0;
        key[17] = (byte)'\n';
        key[31] = 0xff;
        return key;
    }
}

/// <summary>An S3 service; <see cref="CertificateFile"/> is a PEM file to trust, null over plain HTTP.</summary>
public sealed record Endpoint(Uri Url, string? CertificateFile, string AccessKey, string SecretKey);
