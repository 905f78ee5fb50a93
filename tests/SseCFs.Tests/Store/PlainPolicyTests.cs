using Amazon.S3.Model;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Tests.Support;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Objects that are not encrypted, which every service shows in its own way, under a mount that refuses or hides them.</summary>
public abstract class PlainPolicyTests(Service service) : IAsyncLifetime
{
    private readonly string _prefix = Guid.NewGuid().ToString("N") + "/";
    private Mount? _mount;

    public async ValueTask InitializeAsync()
    {
        if (service.Missing is { } reason)
        {
            if (Environment.GetEnvironmentVariable("SSECFS_REQUIRE_REAL") is not null)
                Assert.Fail(reason);
            Assert.Skip(reason);
        }
        foreach (var name in new[] { "plain", "empty", "d/plain", "marked/" })
        {
            await service.Client.PutObjectAsync(new PutObjectRequest
            {
                BucketName = service.Options.Bucket,
                Key = _prefix + name,
                ContentBody = name.EndsWith("plain", StringComparison.Ordinal) ? "plain" : "",
                UseChunkEncoding = false,
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null)
            await _mount.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task RefusedOnesAreShownAndNeverOpened()
    {
        var mount = Start(PlainObjects.Refuse);
        await mount.Write("mine", [1, 2, 3]);
        Assert.Equal(["d", "empty", "marked", "mine", "plain"], await mount.List(withAttributes: true));
        Assert.Equal(5, (await mount.Stat("plain")).Size);
        foreach (var name in new[] { "plain", "empty" })
        {
            await Fails.With(FsError.PlainRefused, () => mount.Open(name));
            await Fails.With(FsError.PlainRefused, () => mount.Write(name, [1]));
            await Fails.With(FsError.PlainRefused, () => mount.Truncate(name, 0));
            await Fails.With(FsError.PlainRefused, () => mount.Rename("mine", name));
            await Fails.With(FsError.PlainRefused, () => mount.Rename(name, "elsewhere"));
        }
        await Fails.With(FsError.PlainRefused, () => mount.Rename("d", "e"));
        Assert.Equal([1, 2, 3], await mount.Read("mine"));
        await ArePlainAsync("plain", "empty", "d/plain");
        await mount.Unlink("plain");
        await mount.Unlink("empty");
        Assert.Equal(["d", "marked", "mine"], await mount.List());
    }

    [Fact]
    public async Task HiddenOnesDoNotAppearAndAreNotOverwritten()
    {
        var mount = Start(PlainObjects.Hide);
        await mount.Write("mine", [1, 2, 3]);
        Assert.Equal(["d", "marked", "mine"], await mount.List(withAttributes: true));
        Assert.Equal(["d", "marked", "mine"], await mount.List());
        Assert.Empty(await mount.List("d"));
        foreach (var name in new[] { "plain", "empty" })
        {
            Assert.False(await mount.Exists(name));
            await Fails.With(FsError.Exists, () => mount.Write(name, [1]));
            await Fails.With(FsError.Exists, () => mount.MakeDirectory(name));
            await Fails.With(FsError.Exists, () => mount.Rename("mine", name));
            await Fails.With(FsError.NotFound, () => mount.Unlink(name));
        }
        await Fails.With(FsError.NotEmpty, () => mount.RemoveDirectory("d"));
        await mount.RemoveDirectory("marked");
        await ArePlainAsync("plain", "empty", "d/plain");
    }

    private Mount Start(PlainObjects policy) => _mount = new Mount(
        service.Store,
        new FakeTimeProvider(DateTimeOffset.UtcNow),
        new SseFileSystemOptions { Prefix = _prefix, Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, Plain = policy });

    private async Task ArePlainAsync(params string[] names)
    {
        foreach (var name in names)
        {
            using var reply = await service.Client.GetObjectAsync(service.Options.Bucket, _prefix + name);
            using var content = new StreamReader(reply.ResponseStream);
            Assert.Equal(name.EndsWith("plain", StringComparison.Ordinal) ? "plain" : "", await content.ReadToEndAsync());
        }
    }
}

public sealed class PlainOnRealServiceTests(RealService service) : PlainPolicyTests(service), IClassFixture<RealService>;

public sealed class PlainOnAwsTests(AwsService service) : PlainPolicyTests(service), IClassFixture<AwsService>;

public sealed class PlainOnCeph16Tests(Ceph16Service service) : PlainPolicyTests(service), IClassFixture<Ceph16Service>;

public sealed class PlainOnCeph18Tests(Ceph18Service service) : PlainPolicyTests(service), IClassFixture<Ceph18Service>;

public sealed class PlainOnCeph20Tests(Ceph20Service service) : PlainPolicyTests(service), IClassFixture<Ceph20Service>;
