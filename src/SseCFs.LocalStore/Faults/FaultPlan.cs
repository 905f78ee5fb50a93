using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Faults;

/// <summary>What the faults that strike one request add up to.</summary>
internal sealed class FaultPlan
{
    public S3Exception? Error { get; set; }

    public TimeSpan Latency { get; set; }

    /// <summary>Bytes a second, of request and reply bodies; null for no limit.</summary>
    public long? Rate { get; set; }

    /// <summary>The connection ends after that many bytes of the body; null for never.</summary>
    public long? CutAfter { get; set; }

    public bool LosesReply { get; set; }

    public bool StoresPlaintext { get; set; }

    public bool GarblesDocument { get; set; }
}
