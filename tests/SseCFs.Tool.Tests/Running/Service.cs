using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Keys;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Tool.Tests.Running;

/// <summary>An embedded store for one test, with a folder for the test's files.</summary>
internal sealed class Service : IAsyncDisposable
{
    public const string Bucket = "tool-tests";

    private static readonly Credential Owner = new("OWNERACCESSKEY", "ownersecretkey");
    private readonly LocalStoreServer _server;

    private Service(LocalStoreServer server, string folder) => (_server, Folder) = (server, folder);

    public string Folder { get; }

    public string Endpoint => _server.Address.ToString();

    public Dictionary<string, string> Environment => new()
    {
        ["AWS_ACCESS_KEY_ID"] = Owner.AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = Owner.SecretKey,
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["HOME"] = Folder,
        ["XDG_STATE_HOME"] = Path.Combine(Folder, "state"),
    };

    public static async Task<Service> StartAsync(Func<LocalStoreOptions, LocalStoreOptions>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("tool-tests-").FullName;
        var options = new LocalStoreOptions
        {
            Directory = Path.Combine(folder, "objects"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Credentials = [Owner],
            Durable = false,
        };
        return new Service(await LocalStoreServer.StartAsync(change is null ? options : change(options)), folder);
    }

    public static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Replaces what goes wrong; nothing: all is well.</summary>
    public void SetFaults(params string[] faults) => _server.SetFaults(faults.Select(Fault.Parse));

    /// <summary>An empty directory.</summary>
    public string MakeDirectory(string name = "mount") => Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;

    public string MakeKey(string name = "key", int length = 32)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public Task<ToolResult> RunAsync(params string[] arguments) => ToolProcess.RunAsync(Environment, arguments);

    public async Task MakeBucketAsync() => Xunit.Assert.Equal(0, (await RunAsync("mb", $"s3://{Bucket}", "--endpoint", Endpoint)).ExitCode);

    /// <summary>`ssecfs mount` of the bucket with a good key on a good directory, and what a test changes of it.</summary>
    public Task<ToolResult> MountAsync(string? directory = null, string? key = null, string[]? more = null, IReadOnlyDictionary<string, string>? environment = null, string? endpoint = null) =>
        ToolProcess.RunAsync(
            environment ?? Environment,
            ["mount", $"s3://{Bucket}", directory ?? MakeDirectory(), "--key", "file:" + (key ?? MakeKey()), "--endpoint", endpoint ?? Endpoint,
                "--log-file", Path.Combine(Folder, "log"), .. more ?? []]);

    public async Task PutAsync(string name, string keyFile)
    {
        using var key = new CustomerKey(await File.ReadAllBytesAsync(keyFile));
        using var store = Connect(key);
        var metadata = new ObjectMetadata(new Dictionary<string, string>(), null);
        await store.PutAsync(name, ObjectContent.Of("content"u8.ToArray()), metadata, WriteCondition.None, CancellationToken.None);
    }

    /// <summary>The keys of all objects in the bucket.</summary>
    public async Task<IReadOnlyList<string>> ListAsync()
    {
        using var key = new CustomerKey(RandomNumberGenerator.GetBytes(CustomerKey.Length));
        using var store = Connect(key);
        return [.. (await store.ListAsync("", null, null, 1000, CancellationToken.None)).Objects.Select(listed => listed.Key)];
    }

    /// <summary>Begins a multipart upload and leaves it.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginUploadAsync(string name)
    {
        using var key = new CustomerKey(RandomNumberGenerator.GetBytes(CustomerKey.Length));
        using var store = Connect(key);
        return (await store.StartUploadAsync(name, new ObjectMetadata(new Dictionary<string, string>(), null), CancellationToken.None)).UploadId;
    }

    /// <summary>The bucket as a tool makes it that knows nothing of SSE-C.</summary>
    public async Task MakeBucketElsewhereAsync()
    {
        using var client = Connect();
        await client.PutBucketAsync(Bucket);
    }

    private Amazon.S3.AmazonS3Client Connect()
    {
        var config = new Amazon.S3.AmazonS3Config { ServiceURL = Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" };
        return new Amazon.S3.AmazonS3Client(Owner.AccessKey, Owner.SecretKey, config);
    }

    private S3ObjectStore Connect(CustomerKey key)
    {
        return new S3ObjectStore(
            Connect(), new StoreOptions { Bucket = Bucket, Endpoint = _server.Address }, new KeyRing([key]), TimeProvider.System,
            NullLogger<S3ObjectStore>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
