using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using SseCFs.Keys;
using Xunit;

namespace SseCFs.Tests.Keys;

[SupportedOSPlatform("linux")]
public sealed partial class KeySourceTests : IDisposable
{
    private const string Text = "0123456789abcdefghijklmnopqrstuv";
    private readonly string _folder = Directory.CreateTempSubdirectory("keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AFileOfOnesOwnIsRead()
    {
        byte[] bytes = [0, (byte)'\n', 0xFF, .. new byte[28], (byte)'\n'];
        using var key = await LoadAsync("file:" + WriteFile(bytes, UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(bytes, key.Bytes.ToArray());
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public async Task AFileOpenToOthersIsRefusedWithTheCommandThatHelps(UnixFileMode others)
    {
        var path = WriteFile(new byte[32], UnixFileMode.UserRead | UnixFileMode.UserWrite | others);
        var refusal = await RefusedAsync("file:" + path);
        Assert.EndsWith("chmod 600 " + path, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatIsNotThereIsNamed() =>
        Assert.Equal($"no key file {_folder}/none", await RefusedAsync($"file:{_folder}/none"));

    [Fact]
    public async Task WhatWindowsProtectsIsOpenedThereOnly() =>
        Assert.Contains("on Windows only", await RefusedAsync("dpapi:" + WriteFile(new byte[32], UnixFileMode.UserRead)), StringComparison.Ordinal);

    [Fact]
    public async Task AFolderIsNoKeyFile() => Assert.Contains(_folder, await RefusedAsync("file:" + _folder), StringComparison.Ordinal);

    [Fact]
    public async Task AFileOf31BytesIsRefusedWithItsLength() =>
        Assert.Contains("gives 31 bytes", await RefusedAsync("file:" + WriteFile(new byte[31], UnixFileMode.UserRead)), StringComparison.Ordinal);

    [Fact]
    public async Task AnEndlessFileIsRefused() =>
        Assert.Contains("4096 or more bytes", await RefusedAsync("command:cat /dev/zero"), StringComparison.Ordinal);

    [Fact]
    public async Task AVariableIsReadByteByByteAndWiped()
    {
        byte[] value = [0xFF, 0xFE, .. Enumerable.Repeat((byte)0xC3, 30), 0];
        Assert.Equal(0, setenv("SSECFS_TEST_KEY"u8.ToArray().Append((byte)0).ToArray(), value, 1));
        using var key = await LoadAsync("env:SSECFS_TEST_KEY");
        Assert.Equal(value[..32], key.Bytes.ToArray());
        Assert.Contains("gives 0 bytes", await RefusedAsync("env:SSECFS_TEST_KEY"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVariableThatIsNotSetIsNamed() =>
        Assert.Equal("the environment variable SSECFS_NO_SUCH is not set", await RefusedAsync("env:SSECFS_NO_SUCH"));

    [Fact]
    public async Task AStreamIsReadToItsEnd()
    {
        using var key = await new StreamKeySource("stdin", () => new MemoryStream([.. "0123456789abcdefghijklmnopqrstuv\n"u8])).LoadAsync(default);
        Assert.Equal(Text, System.Text.Encoding.ASCII.GetString(key.Bytes));
    }

    [Fact]
    public async Task ACommandIsAShellLine()
    {
        using var key = await LoadAsync("command:printf %s 0123456789abcdef; echo ghijklmnopqrstuv | tr g-v g-v");
        Assert.Equal("0123456789abcdefghijklmnopqrstuv", System.Text.Encoding.ASCII.GetString(key.Bytes));
    }

    [Fact]
    public async Task AFailingCommandShowsWhatItSaidButNotWhatItPrinted()
    {
        var refusal = await RefusedAsync($"command:echo {Text[..16]}$(echo ghij)klmnopqrstuv; echo the vault is >&2; echo locked >&2; exit 7");
        Assert.EndsWith("failed with exit code 7: the vault is locked", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(Text, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACommandThatHangsIsEnded()
    {
        var clock = Stopwatch.StartNew();
        var hanging = new CommandKeySource("sleep 60", TimeSpan.FromSeconds(0.3));
        var refusal = await Assert.ThrowsAsync<KeySourceException>(() => hanging.LoadAsync(default));
        Assert.Contains("within 0.3 seconds", refusal.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("")]
    [InlineData("file")]
    [InlineData("file:")]
    [InlineData("env:")]
    [InlineData("stdin:x")]
    [InlineData("0123456789abcdefghijklmnopqrstuv")]
    public void WhatIsNoSourceIsRefusedWithoutRepeatingIt(string text)
    {
        var refusal = Assert.Throws<KeySourceException>(() => KeySource.Parse(text));
        Assert.Contains("file:PATH", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Text, refusal.Message, StringComparison.Ordinal);
    }

    private static Task<CustomerKey> LoadAsync(string source) => KeySource.Parse(source).LoadAsync(CancellationToken.None);

    private static async Task<string> RefusedAsync(string source) =>
        (await Assert.ThrowsAsync<KeySourceException>(() => LoadAsync(source))).Message;

    private string WriteFile(byte[] content, UnixFileMode mode)
    {
        var path = Path.Combine(_folder, "key");
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    [LibraryImport("libc")]
    private static partial int setenv(byte[] name, byte[] value, int overwrite);
}
