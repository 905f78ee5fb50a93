using System.CommandLine;

namespace SseCFs.Tool.CommandLine;

/// <summary>Where the keys come from.</summary>
/// <param name="Sources">The first one's key writes; at least one.</param>
/// <param name="ForPrefixes">Prefixes of objects' keys, and the sources of what writes below them.</param>
/// <param name="Cloud">For Barbican: a cloud of clouds.yaml; null: OS_CLOUD, else the OS_ variables.</param>
internal sealed record KeySettings(IReadOnlyList<string> Sources, IReadOnlyList<(string Prefix, string Source)> ForPrefixes, string? Cloud, ProxySettings Proxy, bool AllowPlainHttp);

/// <summary>The options of all commands that need keys.</summary>
/// <param name="areRequired">Without keys the command can do nothing.</param>
internal sealed class KeyOptions(bool areRequired = true)
{
    private readonly Option<string[]> _keys = new("--key")
    {
        Description = "Where the key comes from: file:PATH, env:NAME, stdin, command:CMD ARG …, credential:NAME, dpapi:PATH or barbican:SECRET; given several times, the first writes and all read",
        HelpName = "SOURCE",
        Required = areRequired,
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<(string Prefix, string Source)[]> _forPrefixes = new("--key-for")
    {
        Description = "A key of its own for objects whose keys begin with PREFIX; of several that fit, the longest counts",
        HelpName = "PREFIX=SOURCE",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            var wrong = result.Tokens.FirstOrDefault(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1);
            if (wrong is not null)
            {
                result.AddError($"--key-for: '{wrong.Value}' is not PREFIX=SOURCE, as in finance/=file:/etc/finance.key");
                return null;
            }
            return [.. result.Tokens.Select(token => token.Value.Split('=', 2)).Select(parts => (parts[0], parts[1]))];
        },
    };

    private readonly Option<string> _cloud = CloudOption();

    public IEnumerable<Option> All => [_keys, _forPrefixes, _cloud];

    /// <summary>--os-cloud; what talks to OpenStack has it.</summary>
    public static Option<string> CloudOption() => new("--os-cloud")
    {
        Description = "For Barbican: a cloud of clouds.yaml [default: OS_CLOUD, else the OS_ variables]",
        HelpName = "NAME",
    };

    public KeySettings Read(ParseResult result, ServiceSettings service) =>
        new(result.GetValue(_keys) ?? [], result.GetValue(_forPrefixes) ?? [], result.GetValue(_cloud), service.Proxy, service.AllowPlainHttp);
}
