using System.CommandLine;

namespace SseCFs.Tool.CommandLine;

/// <summary>Where the key comes from.</summary>
internal sealed record KeySettings(string Source, string? Cloud, bool AllowPlainHttp);

/// <summary>The options of all commands that need the key.</summary>
internal sealed class KeyOptions
{
    private readonly Option<string> _key = new("--key")
    {
        Description = "Where the key comes from: file:PATH, env:NAME, stdin, command:CMD ARG …, credential:NAME or barbican:SECRET",
        HelpName = "SOURCE",
        Required = true,
    };

    private readonly Option<string> _cloud = CloudOption();

    public IEnumerable<Option> All => [_key, _cloud];

    /// <summary>--os-cloud; what talks to OpenStack has it.</summary>
    public static Option<string> CloudOption() => new("--os-cloud")
    {
        Description = "For Barbican: a cloud of clouds.yaml [default: OS_CLOUD, else the OS_ variables]",
        HelpName = "NAME",
    };

    public KeySettings Read(ParseResult result, ServiceSettings service) => new(result.GetValue(_key)!, result.GetValue(_cloud), service.AllowPlainHttp);
}
