using System.Runtime.Versioning;
using SseCFs.Transport;

namespace SseCFs.Tests.Transport;

/// <summary>How a proxy is written, and its secret.</summary>
[SupportedOSPlatform("linux")]
public sealed class ServiceProxyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("proxy-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("http://proxy.example.org:3128", "http://proxy.example.org:3128/", null)]
    [InlineData("http://proxy.example.org:3128/", "http://proxy.example.org:3128/", null)]
    [InlineData("https://[::1]:8443", "https://[::1]:8443/", null)]
    [InlineData("http://proxy", "http://proxy/", null)]
    [InlineData("http://me:secret@proxy:3128", "http://proxy:3128/", "me|secret")]
    [InlineData("http://me%40here:se%3Acret%2F@proxy:3128", "http://proxy:3128/", "me@here|se:cret/")]
    [InlineData("http://me:@proxy:3128", "http://proxy:3128/", "me|")]
    public void ItIsAUrlWithUserAndPasswordPerhaps(string text, string address, string? credentials)
    {
        var proxy = ServiceProxy.Parse(text);
        Assert.Equal(address, proxy.Address.AbsoluteUri);
        Assert.Equal(credentials, proxy.Credentials is { } given ? $"{given.UserName}|{given.Password}" : null);
        Assert.Equal(address.TrimEnd('/').Replace(":80", "", StringComparison.Ordinal), proxy.ToString());
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("secret:3128")]
    [InlineData("me:secret@proxy:3128")]
    [InlineData("ftp://secret:3128")]
    [InlineData("socks5://me:secret@proxy:1080")]
    [InlineData("http://me:secret@proxy:3128/path")]
    [InlineData("http://me:secret@proxy:3128?query")]
    [InlineData("http://secret@proxy:3128")]
    [InlineData("http://:secret@proxy:3128")]
    [InlineData("http://me:secret@")]
    [InlineData("http://me:se/cret@proxy:3128")]
    public void WhatIsNoneIsNotRepeated(string text) =>
        Assert.DoesNotContain("cret", Assert.Throws<FormatException>(() => ServiceProxy.Parse(text)).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("me:secret", "me|secret")]
    [InlineData("me:se:cret%41 \n", "me|se:cret%41 ")]
    [InlineData("DOMAIN\\me:secret\r\n", "DOMAIN\\me|secret")]
    public void UserAndPasswordMayStandInAFile(string content, string expected)
    {
        var given = ServiceProxy.Parse("http://other:one@proxy").WithCredentialsOf(MakeFile(content)).Credentials!;
        Assert.Equal(expected, $"{given.UserName}|{given.Password}");
    }

    [Theory]
    [InlineData("secret")]
    [InlineData(":secret")]
    [InlineData("me:secret\nand more")]
    [InlineData("")]
    public void AFileWithSomethingElseIsRefused(string content)
    {
        var file = MakeFile(content);
        var refusal = Assert.Throws<InvalidDataException>(() => ServiceProxy.Parse("http://proxy").WithCredentialsOf(file));
        Assert.Contains(file, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatOthersReadOrThatIsNotThereIsRefused()
    {
        var file = MakeFile("me:secret");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<InvalidDataException>(() => ServiceProxy.Parse("http://proxy").WithCredentialsOf(file)).Message, StringComparison.Ordinal);
        Assert.Contains("none", Assert.Throws<InvalidDataException>(() => ServiceProxy.Parse("http://proxy").WithCredentialsOf(file + "none")).Message, StringComparison.Ordinal);
    }

    private string MakeFile(string content)
    {
        var path = Path.Combine(_folder, "file");
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
