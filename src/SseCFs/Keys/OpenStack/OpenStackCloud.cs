namespace SseCFs.Keys.OpenStack;

/// <summary>Where the identity service of a cloud is, who asks it, and which of the cloud's endpoints are meant. Immutable.</summary>
internal sealed record OpenStackCloud
{
    /// <summary>For messages: "the cloud NAME", or "OS_AUTH_URL and the other OS_ variables".</summary>
    public required string Origin { get; init; }

    /// <summary>The identity service, version 3; ends in "/v3/".</summary>
    public required Uri AuthUrl { get; init; }

    public required CloudLogin Login { get; init; }

    /// <summary>Null: whichever region has a key manager, as long as there is one only.</summary>
    public string? Region { get; init; }

    /// <summary>public, internal or admin.</summary>
    public string Interface { get; init; } = "public";

    /// <summary>PEM file of the certificate authorities to trust instead of the system's; null: the system's.</summary>
    public string? CaFile { get; init; }
}

/// <summary>What a token is asked for with.</summary>
internal abstract record CloudLogin;

/// <summary>A user's name and password, for one project.</summary>
internal sealed record PasswordLogin(Named User, string Password, Named Project) : CloudLogin
{
    public override string ToString() => $"user {User}, project {Project}";
}

/// <summary>An application credential, which has its project already. By its name it needs its user.</summary>
internal sealed record ApplicationCredentialLogin(string? Id, string? Name, Named? User, string Secret) : CloudLogin
{
    public override string ToString() => $"application credential {Id ?? Name}";
}

/// <summary>A user or project: by its id, or by its name and the domain that the name is in.</summary>
/// <param name="DomainId">Of a name; else <paramref name="DomainName"/>.</param>
internal sealed record Named(string? Id, string? Name, string? DomainId, string? DomainName)
{
    public override string ToString() => Id ?? $"{Name} ({DomainName ?? DomainId})";
}
