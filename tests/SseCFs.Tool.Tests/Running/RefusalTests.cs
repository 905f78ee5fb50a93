using System.Net;
using System.Net.Sockets;
using SseCFs.Keys;
using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>What people get wrong: each ends with its own exit code and one line that says what is wrong.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task NoBucket()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Bucket, "ssecfs mb", await service.MountAsync());
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID", "access key")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "secret key")]
    public async Task WrongCredentials(string wrong, string named)
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var environment = service.Environment;
        environment[wrong] = "SOMETHINGELSE";
        Refused(ExitCode.Refused, named, await service.MountAsync(environment: environment));
    }

    [Fact]
    public async Task NoCredentials()
    {
        await using var service = await Service.StartAsync();
        var environment = service.Environment;
        environment.Remove("AWS_ACCESS_KEY_ID");
        Refused(ExitCode.Usage, "AWS_ACCESS_KEY_ID", await service.MountAsync(environment: environment));
    }

    [Fact]
    public async Task WrongRegion()
    {
        await using var service = await Service.StartAsync(options => options with { Region = "eu-north-1" });
        Refused(ExitCode.Refused, "--region", await service.MountAsync(more: ["--region", "us-west-2"]));
    }

    [Fact]
    public async Task NobodyListens()
    {
        await using var service = await Service.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var result = await service.MountAsync(endpoint: $"http://127.0.0.1:{port}");
        Refused(ExitCode.Unreachable, "cannot be reached", result);
        Assert.True(result.Time < TimeSpan.FromSeconds(20), $"took {result.Time}");
    }

    [Fact]
    public async Task UntrustedCertificate()
    {
        using var certificate = Service.MakeCertificate();
        await using var service = await Service.StartAsync(options => options with { Certificate = certificate });
        Refused(ExitCode.Refused, "--ca-file", await service.MountAsync());
    }

    [Fact]
    public async Task PlainHttpToAnotherMachine()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Usage, "--allow-plain-http", await service.MountAsync(endpoint: "http://192.0.2.1"));
    }

    [Fact]
    public async Task KeyOf31Bytes()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Key, "31 bytes", await service.MountAsync(key: service.MakeKey(length: 31)));
    }

    [Fact]
    public async Task KeyFileThatOthersRead()
    {
        await using var service = await Service.StartAsync();
        var key = service.MakeKey();
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Refused(ExitCode.Key, "chmod 600", await service.MountAsync(key: key));
    }

    [Fact]
    public async Task KeyThatOpensNothing()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        await service.PutAsync("file", service.MakeKey("right"));
        var wrong = service.MakeKey("wrong");
        using var key = new CustomerKey(await File.ReadAllBytesAsync(wrong));
        Refused(ExitCode.Encryption, key.Fingerprint, await service.MountAsync(key: wrong));
    }

    [Fact]
    public async Task DirectoryThatIsMissing()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Directory, "no such directory", await service.MountAsync(Path.Combine(service.Folder, "none")));
    }

    [Fact]
    public async Task FileInsteadOfADirectory()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Directory, "not a directory", await service.MountAsync(service.MakeKey()));
    }

    [Fact]
    public async Task DirectoryWithFiles()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Directory, "--nonempty", await service.MountAsync(service.Folder));
    }

    [Fact]
    public async Task NothingToUnmount()
    {
        await using var service = await Service.StartAsync();
        Refused(ExitCode.Directory, "mount", await service.RunAsync("umount", service.MakeDirectory()));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("mount s3://bucket")]
    [InlineData("mount s3://bucket /tmp --key stdin --nonsense")]
    [InlineData("mount s3://bucket /tmp --key stdin --memory 1M")]
    [InlineData("mount s3://bucket /tmp --key stdin --umask 9")]
    [InlineData("mount s3://bucket /tmp --key stdin --plain nonsense")]
    [InlineData("mount s3://bucket /tmp --key stdin --endpoint s3.example.org")]
    [InlineData("mount s3://bucket /tmp --key stdin -o nonsense")]
    [InlineData("serve /tmp/x --dialect nonsense")]
    [InlineData("mb bucket")]
    public async Task CommandLineThatMakesNoSense(string line) =>
        Refused(ExitCode.Usage, "ssecfs", await ToolProcess.RunAsync(new Dictionary<string, string>(), line.Split(' ')));

    [Fact]
    public async Task NoCommand() => Refused(ExitCode.Usage, "(ssecfs --help)", await ToolProcess.RunAsync(new Dictionary<string, string>()));

    private static void Refused(ExitCode code, string named, ToolResult result)
    {
        Assert.True((int)code == result.ExitCode, $"exit code {result.ExitCode}: {result.Error}");
        Assert.Equal("", result.Output);
        var line = Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("ssecfs: ", line, StringComparison.Ordinal);
        Assert.Contains(named, line, StringComparison.Ordinal);
    }
}
