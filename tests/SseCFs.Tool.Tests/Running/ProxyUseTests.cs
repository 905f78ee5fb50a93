using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SseCFs.Tests.Support;
using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>Proxies: the environment's are never used, and the one that is named is.</summary>
public sealed class ProxyUseTests
{
    private const string Password = "proxy-password-of-this-test";

    /// <summary>Whatever program reads them.</summary>
    private static readonly string[] Variables = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "AWS_HTTP_PROXY", "AWS_HTTPS_PROXY"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheEnvironmentsAreNotUsed(bool overTls)
    {
        await using var proxy = ConnectProxy.Start();
        using var certificate = overTls ? Service.MakeCertificate() : null;
        await using var service = await Service.StartAsync(options => options with { Certificate = certificate });
        var environment = With(service.Environment, proxy);
        Succeeded(await CheckAsync(service, environment, certificate));
        Assert.Equal(0, proxy.Connections);
    }

    /// <summary>The SDK asks with clients of its own for the credentials of an instance, and of a container.</summary>
    [Theory]
    [InlineData("instance")]
    [InlineData("container")]
    public async Task NeitherForCredentials(string from)
    {
        await using var proxy = ConnectProxy.Start();
        await using var service = await Service.StartAsync();
        var environment = With(service.Environment, proxy);
        using var metadata = new Metadata(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]);
        foreach (var name in new[] { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED" })
        {
            environment.Remove(name);
        }
        environment[from == "instance" ? "AWS_EC2_METADATA_SERVICE_ENDPOINT" : "AWS_CONTAINER_CREDENTIALS_FULL_URI"] = metadata.Address;
        Succeeded(await CheckAsync(service, environment));
        Assert.NotEqual(0, metadata.Requests);
        Assert.Equal(0, proxy.Connections);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task NeitherForBarbican(string scheme)
    {
        await using var proxy = ConnectProxy.Start();
        using var keystone = new Metadata("", "");
        await using var service = await Service.StartAsync();
        var environment = With(service.Environment, proxy);
        foreach (var (name, value) in new[] { ("AUTH_URL", keystone.Address.Replace("http", scheme, StringComparison.Ordinal)), ("USERNAME", "u"), ("PASSWORD", "p"), ("PROJECT_NAME", "p") })
        {
            environment["OS_" + name] = value;
        }
        var result = await ToolProcess.RunAsync(environment, "key", "show", "barbican:6937a5d6-75e8-4325-bb1c-ee1b77416f3a");
        Assert.Equal((int)ExitCode.Key, result.ExitCode);
        Assert.Contains("Keystone at", result.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, keystone.Requests);
        Assert.Equal(0, proxy.Connections);
    }

    [Theory]
    [InlineData("option")]
    [InlineData("file")]
    [InlineData("variable")]
    public async Task TheOneThatIsNamedIs(string by)
    {
        await using var proxy = by == "option" ? ConnectProxy.Start() : ConnectProxy.StartFor("me", Password);
        using var certificate = Service.MakeCertificate();
        await using var service = await Service.StartAsync(options => options with { Certificate = certificate });
        var environment = service.Environment;
        List<string> options = by == "variable" ? [] : ["--proxy", proxy.Address.ToString()];
        if (by == "variable")
        {
            environment["SSECFS_PROXY"] = WithPassword(proxy);
        }
        if (by == "file")
        {
            options.AddRange("--proxy-credentials", MakeFile(service));
        }
        Succeeded(await CheckAsync(service, environment, certificate, [.. options]));
        Assert.NotEmpty(proxy.Heads);
        Assert.All(proxy.Heads, head => Assert.StartsWith($"CONNECT {new Uri(service.Endpoint).Authority} ", head, StringComparison.Ordinal));
    }

    /// <summary>A container's service may be asked over https; the SDK's client for that takes the proxy, too.</summary>
    [Fact]
    public async Task CredentialsOverHttpsComeThroughIt()
    {
        await using var proxy = ConnectProxy.StartFor("me", Password);
        await using var service = await Service.StartAsync();
        using var metadata = new Metadata("", "");
        var environment = service.Environment;
        environment.Remove("AWS_ACCESS_KEY_ID");
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = metadata.Address.Replace("http", "https", StringComparison.Ordinal);
        environment["SSECFS_PROXY"] = WithPassword(proxy);
        var result = await ToolProcess.RunAsync(environment, "mb", $"s3://{Service.Bucket}", "--endpoint", service.Endpoint, "--retry-for", "1s");
        // It speaks no TLS.
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain(Password, result.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, metadata.Requests);
        Assert.NotEmpty(proxy.Heads);
        Assert.All(proxy.Heads, head => Assert.StartsWith($"CONNECT {new Uri(metadata.Address).Authority} ", head, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AMountGoesThroughItAndShowsItsPasswordNowhere()
    {
        await using var proxy = ConnectProxy.StartFor("me", Password);
        using var certificate = Service.MakeCertificate();
        await using var service = await Service.StartAsync(options => options with { Certificate = certificate });
        var ca = MakeCaFile(service, certificate);
        Assert.Equal(0, (await service.RunAsync("mb", $"s3://{Service.Bucket}", "--endpoint", service.Endpoint, "--ca-file", ca)).ExitCode);
        var (directory, key, seen) = (service.MakeDirectory(), service.MakeKey(), Path.Combine(service.Folder, "seen"));
        var environment = service.Environment;
        environment["SSECFS_PROXY"] = WithPassword(proxy);
        var mounted = await ToolProcess.RunAsync(
            environment, "mount", $"s3://{Service.Bucket}", directory, "--key", $"command:env >{seen}; cat {key}",
            "-o", $"endpoint={service.Endpoint},ca-file={ca},log-level=trace,log-file={service.Folder}/log");
        try
        {
            Succeeded(mounted);
            await File.WriteAllTextAsync(Path.Combine(directory, "file"), "content");
            Assert.NotEmpty(proxy.Heads);
            var status = await service.RunAsync("status", directory);
            Assert.DoesNotContain(Password, status.Output + mounted.Output + mounted.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(Password, await File.ReadAllTextAsync(seen), StringComparison.Ordinal);
            Assert.DoesNotContain(Directory.EnumerateDirectories("/proc").Select(process => Path.Combine(process, "cmdline")).Where(File.Exists), line => Read(line).Contains(Password, StringComparison.Ordinal));
        }
        finally
        {
            Succeeded(await service.RunAsync("umount", directory));
        }
        var log = await File.ReadAllTextAsync(Path.Combine(service.Folder, "log"));
        Assert.Contains("is mounted on", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check s3://bucket --key stdin --proxy http://me:PASSWORD@proxy:3128", "SSECFS_PROXY")]
    [InlineData("mount s3://bucket /tmp --key stdin -o proxy=http://me:PASSWORD@proxy:3128", "--proxy-credentials")]
    [InlineData("key show stdin --proxy me:PASSWORD@proxy", "--proxy-credentials")]
    [InlineData("cleanup s3://bucket --proxy me:PASSWORD", "http://HOST:PORT")]
    [InlineData("mb s3://bucket --proxy-credentials /dev/null", "--proxy")]
    [InlineData("mb s3://bucket --proxy http://proxy --proxy-credentials /none", "/none")]
    public async Task WhatCannotWorkIsSaidWithoutThePassword(string line, string named)
    {
        var result = await ToolProcess.RunAsync(new Dictionary<string, string>(), line.Replace("PASSWORD", Password, StringComparison.Ordinal).Split(' '));
        Assert.Equal((int)ExitCode.Usage, result.ExitCode);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVariableThatNamesNoneIsNotRepeated()
    {
        var environment = new Dictionary<string, string> { ["SSECFS_PROXY"] = $"me:{Password}@proxy" };
        var result = await ToolProcess.RunAsync(environment, "mb", "s3://bucket", "--endpoint", "https://localhost:1");
        Assert.Equal((int)ExitCode.Usage, result.ExitCode);
        Assert.StartsWith("ssecfs: SSECFS_PROXY: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, result.Error, StringComparison.Ordinal);
    }

    private static async Task<ToolResult> CheckAsync(Service service, IReadOnlyDictionary<string, string> environment, X509Certificate2? certificate = null, params string[] more)
    {
        string[] options = ["--endpoint", service.Endpoint, .. certificate is null ? [] : new[] { "--ca-file", MakeCaFile(service, certificate) }, .. more];
        var made = await ToolProcess.RunAsync(environment, ["mb", $"s3://{Service.Bucket}", .. options]);
        return made.ExitCode == 0 ? await ToolProcess.RunAsync(environment, ["check", $"s3://{Service.Bucket}", "--key", "file:" + service.MakeKey(), .. options]) : made;
    }

    private static Dictionary<string, string> With(Dictionary<string, string> environment, ConnectProxy proxy)
    {
        foreach (var name in Variables)
        {
            environment[name] = proxy.Address.ToString();
        }
        return environment;
    }

    private static string WithPassword(ConnectProxy proxy) => $"http://me:{Password}@{proxy.Address.Authority}";

    private static string MakeFile(Service service)
    {
        var path = Path.Combine(service.Folder, "proxy");
        File.WriteAllText(path, $"me:{Password}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private static string MakeCaFile(Service service, X509Certificate2 certificate)
    {
        var path = Path.Combine(service.Folder, "ca.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem());
        return path;
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception ended) when (ended is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Output}{result.Error}");

    /// <summary>Gives credentials, as the service of an instance does (/latest/…) and that of a container; and counts.</summary>
    private sealed class Metadata : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _credentials;
        private int _requests;

        public Metadata(string accessKey, string secretKey)
        {
            _credentials = $$"""{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{{accessKey}}","SecretAccessKey":"{{secretKey}}","Token":"","Expiration":"2099-01-01T00:00:00Z","LastUpdated":"2026-01-01T00:00:00Z"}""";
            _listener.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
            _ = ServeAsync();
        }

        public string Address { get; }

        public int Requests => Volatile.Read(ref _requests);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref _requests);
                    try
                    {
                        await AnswerAsync(client.GetStream());
                    }
                    catch (IOException)
                    {
                        // Gone again.
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end.
            }
        }

        private async Task AnswerAsync(NetworkStream stream)
        {
            var buffer = new byte[16 << 10];
            var head = Encoding.Latin1.GetString(buffer, 0, await stream.ReadAsync(buffer));
            var path = head.Split(' ').ElementAtOrDefault(1);
            var body = path switch
            {
                "/latest/api/token" => "token",
                "/latest/meta-data/iam/security-credentials/" => "role",
                _ => _credentials,
            };
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
        }
    }
}
