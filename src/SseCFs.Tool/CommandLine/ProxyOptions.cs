using System.CommandLine;
using SseCFs.Transport;

namespace SseCFs.Tool.CommandLine;

/// <summary>The proxy of a command as it was asked for; loaded once, by the process that uses it.</summary>
/// <param name="Named">Null: the one of the environment variable that is ssecfs's own.</param>
/// <param name="CredentialsFile">Null: what the variable has with the proxy.</param>
internal sealed record ProxySettings(ServiceProxy? Named, string? CredentialsFile)
{
    private ServiceProxy? _loaded;
    private bool _isLoaded;

    /// <returns>Null for none.</returns>
    /// <exception cref="ToolException">What was given names none, or its file cannot be used.</exception>
    public ServiceProxy? Load()
    {
        if (!_isLoaded)
        {
            (_loaded, _isLoaded) = (Find(), true);
        }
        return _loaded;
    }

    private ServiceProxy? Find()
    {
        try
        {
            var proxy = Named ?? ServiceProxy.TakeFromEnvironment();
            if (CredentialsFile is null)
            {
                return proxy;
            }
            return proxy is null
                ? throw new ToolException(ExitCode.Usage, $"--proxy-credentials needs a proxy: give --proxy, or set {ServiceProxy.Variable}")
                : proxy.WithCredentialsOf(CredentialsFile);
        }
        catch (FormatException wrong)
        {
            throw new ToolException(ExitCode.Usage, $"{ServiceProxy.Variable}: {wrong.Message}", wrong);
        }
        catch (InvalidDataException wrong)
        {
            throw new ToolException(ExitCode.Usage, wrong.Message, wrong);
        }
    }
}

/// <summary>The options of all commands that talk https.</summary>
internal sealed class ProxyOptions
{
    private readonly Option<ServiceProxy> _proxy = Parsers.Option(
        "--proxy",
        "URL",
        "Reach https services through this proxy, as in http://proxy.example.org:3128; http_proxy and the like are not used [default: SSECFS_PROXY, else none]",
        ParseProxy);

    private readonly Option<string> _credentials = Parsers.Option(
        "--proxy-credentials",
        "FILE",
        "The proxy's USER:PASSWORD, in a file that only you can read [default: those in SSECFS_PROXY, as in http://USER:PASSWORD@HOST:PORT]",
        Path.GetFullPath);

    public IEnumerable<Option> All => [_proxy, _credentials];

    public ProxySettings Read(ParseResult result) => new(result.GetValue(_proxy), result.GetValue(_credentials));

    private static ServiceProxy ParseProxy(string text) => text.Contains('@', StringComparison.Ordinal)
        ? throw new FormatException(
            "a proxy's user and password are refused on the command line and in fstab, where every user of this machine can read them: "
            + $"give --proxy-credentials FILE, or set {ServiceProxy.Variable}")
        : ServiceProxy.Parse(text);
}
