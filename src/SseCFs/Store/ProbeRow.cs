namespace SseCFs.Store;

/// <summary>How a question to the service came out.</summary>
public enum ProbeResult
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>A mount works, but something is slower or less safe than it could be.</summary>
    Limited,

    /// <summary>A mount will not work.</summary>
    Bad,
}

/// <summary>One row of the probe's table. Detail: what was found, and where something is amiss what follows from it or what to do. Reason: of a bad row.</summary>
public readonly record struct ProbeRow(string Name, ProbeResult Result, string Detail, FsError? Reason = null);
