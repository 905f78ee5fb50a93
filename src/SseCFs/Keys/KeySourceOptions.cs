using SseCFs.Transport;

namespace SseCFs.Keys;

/// <summary>What a key's source may need beside its own text.</summary>
public sealed record KeySourceOptions
{
    public static KeySourceOptions None { get; } = new();

    /// <summary>For Barbican: a cloud of clouds.yaml; null: OS_CLOUD, else the OS_ variables.</summary>
    public string? Cloud { get; init; }

    /// <summary>For Barbican: the proxy for https requests; null: none.</summary>
    public ServiceProxy? Proxy { get; init; }

    /// <summary>For Barbican: talk http:// to hosts other than this one.</summary>
    public bool AllowPlainHttp { get; init; }
}
