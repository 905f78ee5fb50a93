using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>Counts what passes through, TLS and headers included. What it carries it does not look at.</summary>
public sealed class CountingProxy : PassingProxy
{
    private long _sent;
    private long _received;

    private CountingProxy(Endpoint endpoint)
        : base(endpoint) => Start();

    /// <summary>Bytes that went to the service.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Bytes that came from it.</summary>
    public long Received => Interlocked.Read(ref _received);

    public static CountingProxy Start(Endpoint endpoint) => new(endpoint);

    protected override Task CarryAsync(NetworkStream near, NetworkStream far) => Task.WhenAny(
        CopyAsync(near, far, data => Interlocked.Add(ref _sent, data.Length)),
        CopyAsync(far, near, data => Interlocked.Add(ref _received, data.Length)));
}
