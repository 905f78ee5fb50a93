using Amazon.Runtime;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Credentials that somebody rotates on disk.</summary>
public sealed class FileCredentialsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();
    private readonly FakeTimeProvider _clock = new();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task AChangedFileIsReadAgain()
    {
        await WriteAsync("first");
        var credentials = new FileCredentials(() => new BasicAWSCredentials(File.ReadAllText(_path), "secret"), [_path, "/none"], _clock);
        Assert.Equal("first", credentials.GetCredentials().AccessKey);
        await WriteAsync("second-one");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("second-one", (await credentials.GetCredentialsAsync()).AccessKey);
    }

    [Fact]
    public async Task AFileThatCannotBeReadLeavesTheOldOnes()
    {
        await WriteAsync("first");
        var fail = false;
        var credentials = new FileCredentials(
            () => fail ? throw new AmazonClientException("half written") : new BasicAWSCredentials(File.ReadAllText(_path), "secret"), [_path], _clock);
        fail = true;
        await WriteAsync("half");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("first", credentials.GetCredentials().AccessKey);
        fail = false;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("half", credentials.GetCredentials().AccessKey);
    }

    private Task WriteAsync(string text) => File.WriteAllTextAsync(_path, text, TestContext.Current.CancellationToken);
}
