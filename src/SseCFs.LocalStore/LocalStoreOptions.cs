using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SseCFs.LocalStore;

/// <summary>How one embedded store is set up. Checked by <see cref="LocalStoreServer.StartAsync"/>.</summary>
public sealed record LocalStoreOptions
{
    /// <summary>Where objects are kept; made if missing. One server at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 9000);

    /// <summary>Served over TLS with this certificate and its private key; null is plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Who may sign. At least one.</summary>
    public required IReadOnlyList<Credential> Credentials { get; init; }

    public Dialect Dialect { get; init; } = Dialect.Aws;

    /// <summary>The region that signatures must name; null takes any, as Ceph does.</summary>
    public string? Region { get; init; }

    /// <summary>Faults in force from the start.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Seed of the faults' dice: the same seed and order of requests fail alike.</summary>
    public int FaultSeed { get; init; } = 1;

    /// <summary>fsync before a write is acknowledged. Only tests that never crash do without.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Bytes that all parts but the last must have; S3's is 5 MiB.</summary>
    public long MinimumPartSize { get; init; } = 5 << 20;

    /// <summary>New buckets refuse SSE-C until PUT ?encryption unblocks it, as AWS does since April 2026. Only where the dialect knows of it.</summary>
    public bool NewBucketsBlockCustomerKey { get; init; }

    /// <summary>A line per request: time, status, operation, path, bytes in, bytes out, milliseconds. Disposed of with the server; null for none.</summary>
    public TextWriter? AccessLog { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>An access key and the secret that signs with it.</summary>
public sealed record Credential(string AccessKey, string SecretKey)
{
    public override string ToString() => AccessKey;
}
