using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Keys;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>A service with a fresh bucket, for the tests of one class. What is missing to reach it is a reason to skip.</summary>
public abstract class Service : IAsyncLifetime
{
    /// <summary>Null: the service is there.</summary>
    public string? Missing { get; protected init; }

    public StoreOptions Options { get; protected set; } = null!;

    public CustomerKey Key { get; } = NewKey();

    public AmazonS3Client Client { get; private set; } = null!;

    public S3ObjectStore Store { get; private set; } = null!;

    /// <summary>Can CopyObject of encrypted objects, as <see cref="Capabilities"/> must learn.</summary>
    public bool Copies { get; protected init; }

    /// <summary>Its CompleteMultipartUpload and its DeleteObject honour conditions.</summary>
    public bool CompletesConditionally { get; protected init; }

    /// <summary>Knows others than its default.</summary>
    public bool HasStorageClasses { get; protected init; }

    public static CustomerKey NewKey() => new(RandomNumberGenerator.GetBytes(CustomerKey.Length));

    public S3ObjectStore StoreWith(CustomerKey key, StoreOptions? options = null) => StoreWith(new KeyRing([key]), options);

    public S3ObjectStore StoreWith(KeyRing ring, StoreOptions? options = null) =>
        new(S3ClientFactory.Create(options ?? Options), options ?? Options, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);

    public virtual async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        Client = S3ClientFactory.Create(Options);
        Store = StoreWith(Key);
        await BucketMaker.MakeAsync(Client, Options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Missing is null && Client is not null)
        {
            string? continuation = null;
            do
            {
                var page = await Store.ListAsync("", null, continuation, 1000, CancellationToken.None);
                await Parallel.ForEachAsync(page.Objects, async (listed, token) => await Store.DeleteAsync(listed.Key, null, token));
                continuation = page.Continuation;
            }
            while (continuation is not null);
            await Client.DeleteBucketAsync(Options.Bucket);
            Client.Dispose();
            Store.Dispose();
        }
        Key.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static string NewBucketName() => "store-test-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
}

/// <summary>The Ceph of tests/real/rgw.sh, over TLS.</summary>
public sealed class RealService : Service
{
    public RealService()
    {
        var endpoint = Environment.GetEnvironmentVariable("S3_ENDPOINT");
        if (endpoint is null)
        {
            Missing = "S3_ENDPOINT is not set: tests/real/rgw.sh starts a Ceph";
            return;
        }
        Options = new StoreOptions { Bucket = NewBucketName(), Endpoint = new Uri(endpoint), CaFile = Environment.GetEnvironmentVariable("S3_CA"), RetryFor = TimeSpan.FromSeconds(20) };
    }
}

/// <summary>The embedded store, speaking one dialect.</summary>
public abstract class EmbeddedService(Dialect dialect) : Service
{
    private readonly string _folder = Directory.CreateTempSubdirectory("store-test-").FullName;

    public LocalStoreServer Server { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        Server = await LocalStoreServer.StartAsync(Configure(new LocalStoreOptions
        {
            Directory = _folder,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Credentials = [new Credential(Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")!, Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!)],
            Dialect = dialect,
            Durable = false,
        }));
        Options = new StoreOptions { Bucket = NewBucketName(), Endpoint = Server.Address, RetryFor = TimeSpan.FromSeconds(10) };
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        Server.SetFaults();
        await base.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected virtual LocalStoreOptions Configure(LocalStoreOptions options) => options;
}

public sealed class AwsService : EmbeddedService
{
    public AwsService()
        : base(Dialect.Aws) => (Copies, CompletesConditionally, HasStorageClasses) = (true, true, true);
}

/// <summary>New buckets block SSE-C, as on AWS since April 2026.</summary>
public sealed class BlockingService() : EmbeddedService(Dialect.Aws)
{
    protected override LocalStoreOptions Configure(LocalStoreOptions options) => options with { NewBucketsBlockCustomerKey = true };
}

public sealed class Ceph16Service() : EmbeddedService(Dialect.Ceph16);

public sealed class Ceph18Service() : EmbeddedService(Dialect.Ceph18);

public sealed class Ceph20Service : EmbeddedService
{
    public Ceph20Service()
        : base(Dialect.Ceph20) => (Copies, CompletesConditionally) = (true, true);
}
