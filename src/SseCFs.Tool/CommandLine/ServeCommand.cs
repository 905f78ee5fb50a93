using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using SseCFs.LocalStore;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Serving;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs serve.</summary>
internal sealed class ServeCommand
{
    private const string CredentialsName = "credentials";

    private readonly Argument<string> _directory = new("DIR") { Description = "Where the objects are kept, encrypted; made if missing" };
    private readonly Option<IPEndPoint> _listen = Parsers.Option("--listen", "ADDRESS:PORT", "Where to listen; port 0 takes a free one [default: 127.0.0.1:9000]", ParseEndPoint);
    private readonly Option<string> _certificate = Parsers.Option("--tls-certificate", "PEM", "Serve https with this certificate; needs --tls-key", ParseFile);
    private readonly Option<string> _certificateKey = Parsers.Option("--tls-key", "PEM", "The certificate's private key", ParseFile);

    private readonly Option<string> _credentials = Parsers.Option(
        "--credentials", "FILE", "Access key and secret, in the form of ~/.aws/credentials; made if missing [default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else DIR/credentials]", Path.GetFullPath);

    private readonly Option<string> _region = new("--region") { Description = "The region that signatures must name [default: any]", HelpName = "NAME" };
    private readonly Option<Dialect> _dialect = Parsers.Option("--dialect", "NAME", "Behave like aws, ceph16, ceph18 or ceph20 [default: aws]", Dialect.Parse);
    private readonly Option<bool> _block = Parsers.Switch("--block-sse-c", "New buckets refuse SSE-C until that is allowed, as on AWS since April 2026");
    private readonly Option<string> _accessLog = Parsers.Option("--access-log", "FILE", "Append a line per request", Path.GetFullPath);

    private readonly Option<Fault[]> _faults = new("--fault")
    {
        Description = "What is to go wrong, for tests: KIND[:NAME=VALUE,…], as in slow-down:p=0.1; may be repeated",
        HelpName = "FAULT",
        CustomParser = result =>
        {
            try
            {
                return [.. result.Tokens.Select(token => Fault.Parse(token.Value))];
            }
            catch (FormatException wrong)
            {
                result.AddError("--fault: " + wrong.Message);
                return [];
            }
        },
    };

    private readonly Option<int> _faultSeed = Parsers.Option("--fault-seed", "NUMBER", "The same seed and requests fail alike [default: 1]", ParseNumber);
    private readonly Option<LogLevel> _logLevel = MountCommand.LogLevelOption();

    public Command Build()
    {
        var command = new Command("serve", "Serves a directory as S3 with SSE-C, for demonstrations and tests") { _directory };
        foreach (var option in (IEnumerable<Option>)[_listen, _credentials, _certificate, _certificateKey, _region, _dialect, _block, _accessLog, _faults, _faultSeed, _logLevel])
        {
            command.Add(option);
        }
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var directory = Path.GetFullPath(result.GetValue(_directory)!);
        var (credential, file) = FindCredential(result.GetValue(_credentials), directory);
        using var certificate = LoadCertificate(result.GetValue(_certificate), result.GetValue(_certificateKey));
        var options = new LocalStoreOptions
        {
            Directory = directory,
            Credentials = [credential],
            Certificate = certificate,
            Region = result.GetValue(_region),
            Faults = result.GetValue(_faults) ?? [],
            AccessLog = result.GetValue(_accessLog) is { } log ? OpenAccessLog(log) : null,
            NewBucketsBlockCustomerKey = result.GetValue(_block),
        };
        options = options with
        {
            Listen = result.GetValue(_listen) ?? options.Listen,
            Dialect = result.GetValue(_dialect) ?? options.Dialect,
            FaultSeed = result.GetResult(_faultSeed) is null ? options.FaultSeed : result.GetValue(_faultSeed),
        };
        using var logs = Logs.Open(LogPlace.Foreground, file: null, MountCommand.LevelOf(result, _logLevel), TimeProvider.System);
        var server = await StartAsync(options, logs, cancellation).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            Console.WriteLine($"serving {directory} at {server.Address} as {options.Dialect}; credentials: {file ?? "those of the environment"}");
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return 0;
    }

    private static async Task<LocalStoreServer> StartAsync(LocalStoreOptions options, LoggerFactory logs, CancellationToken cancellation)
    {
        try
        {
            return await LocalStoreServer.StartAsync(options, logs, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Failed, $"cannot serve {options.Directory} at {options.Listen}: {exception.Message}", exception);
        }
    }

    private static StreamWriter OpenAccessLog(string path)
    {
        try
        {
            return AppendedFile.OpenText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Failed, $"the access log cannot be written: {exception.Message}", exception);
        }
    }

    private static (Credential Credential, string? File) FindCredential(string? file, string directory)
    {
        if (file is null &&
            Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") is { Length: > 0 } access &&
            Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret)
        {
            return (new Credential(access, secret), null);
        }
        var path = file ?? Path.Combine(directory, CredentialsName);
        try
        {
            return (CredentialsFile.ReadOrMake(path), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Failed, $"the credentials file cannot be used: {exception.Message}", exception);
        }
    }

    private static X509Certificate2? LoadCertificate(string? certificate, string? key)
    {
        if (certificate is null != key is null)
        {
            throw new ToolException(ExitCode.Usage, "--tls-certificate and --tls-key go together");
        }
        try
        {
            return certificate is null ? null : X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (CryptographicException exception)
        {
            throw new ToolException(ExitCode.Usage, $"{certificate} and {key} are no certificate and its key: {exception.Message}", exception);
        }
    }

    private static IPEndPoint ParseEndPoint(string text) => text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var endPoint)
        ? endPoint
        : throw new FormatException($"'{text}' is no address and port, as in 127.0.0.1:9000");

    private static string ParseFile(string path) =>
        File.Exists(path) ? Path.GetFullPath(path) : throw new FormatException($"no such file: {path}");

    private static int ParseNumber(string text) => int.TryParse(text, out var number) ? number : throw new FormatException($"'{text}' is no number");
}
