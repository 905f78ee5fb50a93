using System.CommandLine;

namespace SseCFs.Tool.CommandLine;

/// <summary>Where the service is and how to talk to it; what is null comes from the environment and the AWS configuration files.</summary>
internal sealed record ServiceSettings
{
    public Uri? Endpoint { get; init; }

    public string? Region { get; init; }

    public string? Profile { get; init; }

    /// <summary>Absolute.</summary>
    public string? CaFile { get; init; }

    public bool AllowPlainHttp { get; init; }

    public ProxySettings Proxy { get; init; } = new(null, null);

    public TimeSpan? RetryFor { get; init; }
}

/// <summary>The options that all commands which talk to a service share.</summary>
internal sealed class ServiceOptions
{
    private readonly Option<Uri> _endpoint = Parsers.Option(
        "--endpoint", "URL", "The S3 service, as in https://s3.example.org [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's, else AWS]", ParseEndpoint);

    private readonly Option<string> _region = new("--region")
    {
        Description = "The bucket's region [default: AWS_REGION, the profile's, else us-east-1]",
        HelpName = "NAME",
    };

    private readonly Option<string> _profile = new("--profile")
    {
        Description = "The profile in the AWS configuration and credentials files [default: AWS_PROFILE, else default]",
        HelpName = "NAME",
    };

    private readonly Option<string> _caFile = Parsers.Option(
        "--ca-file", "PEM", "Certificates to trust for the service, instead of the system's [default: AWS_CA_BUNDLE]", ParseFile);

    private readonly Option<bool> _allowPlainHttp = AllowPlainHttpOption();
    private readonly ProxyOptions _proxy = new();

    private readonly Option<TimeSpan> _retryFor = Parsers.Option(
        "--retry-for", "TIME", "How long a request is tried again before it fails, as in 30s or 5m; without it 60s, and 5s for the first answer", Quantities.ParseDuration);

    public IEnumerable<Option> All => [_endpoint, _region, _profile, _caFile, _allowPlainHttp, .. _proxy.All, _retryFor];

    public static Option<bool> AllowPlainHttpOption() => Parsers.Switch(
        "--allow-plain-http", "Talk http:// to a host that is not this machine, although the key then crosses the network readable");

    public ServiceSettings Read(ParseResult result) => new()
    {
        Endpoint = result.GetValue(_endpoint),
        Region = result.GetValue(_region),
        Profile = result.GetValue(_profile),
        CaFile = result.GetValue(_caFile),
        AllowPlainHttp = result.GetValue(_allowPlainHttp),
        Proxy = _proxy.Read(result),
        RetryFor = result.GetResult(_retryFor) is null ? null : result.GetValue(_retryFor),
    };

    private static Uri ParseEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { Host.Length: > 0, PathAndQuery: "/", UserInfo: "" }
            ? uri
            : throw new FormatException($"'{text}' is no endpoint: write http:// or https:// and a host, as in https://s3.example.org:8443");

    private static string ParseFile(string path) =>
        File.Exists(path) ? Path.GetFullPath(path) : throw new FormatException($"no such file: {path}");
}
