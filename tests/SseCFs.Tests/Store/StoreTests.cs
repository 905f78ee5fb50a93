using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>What every service must do behind <see cref="IObjectStore"/>. One class per service runs all of it.</summary>
public abstract partial class StoreTests(Service service) : IAsyncLifetime
{
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly CancellationToken None = CancellationToken.None;

    private S3ObjectStore Store => service.Store;

    public ValueTask InitializeAsync()
    {
        if (service.Missing is { } reason)
        {
            if (Environment.GetEnvironmentVariable("SSECFS_REQUIRE_REAL") is not null)
                Assert.Fail(reason);
            Assert.Skip(reason);
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task WhatIsPutIsHeadedGottenAndListed()
    {
        var content = Bytes(100_000);
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["mtime"] = "1700000000.123456789", ["mode"] = "33188" }, "text/x-test");
        var written = await Store.PutAsync("put/one", Sliced(content, 1, 40_000, 99_999), metadata, WriteCondition.None, None);

        var head = await Store.HeadAsync("put/one", None);
        Assert.Equal((100_000, written.ETag, Encryption.CustomerKey), (head.Size, head.ETag, head.Encryption));
        Assert.Equal("text/x-test", head.Metadata.ContentType);
        Assert.Equal(metadata.User.OrderBy(pair => pair.Key), head.Metadata.User.OrderBy(pair => pair.Key));
        Assert.InRange(head.LastModified, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));

        var (info, gotten) = await GetAsync("put/one", 0, long.MaxValue);
        Assert.Equal(content, gotten);
        Assert.Equal(head.ETag, info.ETag);
        Assert.Equal(head.Metadata.User.OrderBy(pair => pair.Key), info.Metadata.User.OrderBy(pair => pair.Key));

        var listed = Assert.Single((await Store.ListAsync("put/", null, null, 10, None)).Objects);
        Assert.Equal(("put/one", 100_000, head.ETag), (listed.Key, listed.Size, listed.ETag));
    }

    [Fact]
    public async Task WhatIsPutCannotBeReadWithoutTheKey()
    {
        await PutAsync("sealed", Bytes(10));
        var refusal = await Assert.ThrowsAsync<AmazonS3Exception>(() => service.Client.GetObjectAsync(service.Options.Bucket, "sealed"));
        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4096)]
    [InlineData(4095, 2)]
    [InlineData(12_345, 6_789)]
    [InlineData(19_999, 1)]
    [InlineData(19_999, 100)]
    [InlineData(0, 20_000)]
    [InlineData(0, 1_000_000)]
    [InlineData(20_000, 10)]
    [InlineData(50_000, 10)]
    public async Task ARangeIsGivenAsFarAsTheObjectGoes(long offset, long length)
    {
        var content = Bytes(20_000);
        await PutAsync("ranges", content);
        var (info, gotten) = await GetAsync("ranges", offset, length);
        Assert.Equal(20_000, info.Size);
        var start = (int)Math.Min(offset, 20_000);
        Assert.Equal(content.AsSpan(start, (int)Math.Min(length, 20_000 - start)).ToArray(), gotten);
    }

    [Fact]
    public async Task AnEmptyObjectHasAnEmptyBody()
    {
        await PutAsync("empty", []);
        Assert.Equal((0, Encryption.CustomerKey), ((await Store.HeadAsync("empty", None)).Size, (await Store.HeadAsync("empty", None)).Encryption));
        var (info, gotten) = await GetAsync("empty", 0, 100);
        Assert.Equal((0, Encryption.CustomerKey), (info.Size, info.Encryption));
        Assert.Empty(gotten);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task AVersionIsAskedForOrAlreadyKnown(int size)
    {
        var written = await PutAsync("versions", Bytes(size));
        Assert.Null(await Store.GetAsync("versions", 0, 10, null, written.ETag, None));
        await (await Store.GetAsync("versions", 0, 10, written.ETag, null, None))!.DisposeAsync();
        var stale = await FailsAsync(FsError.Stale, () => Store.GetAsync("versions", 0, 10, "0123456789abcdef0123456789abcdef", null, None).AsTask());
        Assert.Contains("versions", stale, StringComparison.Ordinal);
        var other = await PutAsync("versions", Bytes(size + 1));
        var body = await Store.GetAsync("versions", 0, 10, null, written.ETag, None);
        Assert.Equal(other.ETag, body!.Info.ETag);
        await body.DisposeAsync();
    }

    [Fact]
    public async Task WhatIsNotThereIsNotFoundAndMayBeDeleted()
    {
        await FailsAsync(FsError.NotFound, () => Store.HeadAsync("nothing", None).AsTask());
        await FailsAsync(FsError.NotFound, () => Store.GetAsync("nothing", 0, 1, null, null, None).AsTask());
        await Store.DeleteAsync("nothing", null, None);
    }

    [Fact]
    public async Task OneVersionIsDeletedAndNoOther()
    {
        using var store = service.StoreWith(service.Key);
        var first = await PutAsync("version", Bytes(10));
        var second = await PutAsync("version", Bytes(20));

        // Once before it knows what the service honours, and again with that knowledge.
        for (var i = 0; i < 2; i++)
        {
            await FailsAsync(FsError.Conflict, () => store.DeleteAsync("version", first.ETag, None).AsTask());
            Assert.Equal(20, (await store.HeadAsync("version", None)).Size);
            await PutAsync("other", Bytes(5));
            await store.DeleteAsync("other", (await store.HeadAsync("other", None)).ETag, None);
            await FailsAsync(FsError.NotFound, () => store.HeadAsync("other", None).AsTask());
            await store.DeleteAsync("other", first.ETag, None);
        }
        Assert.Equal(service.CompletesConditionally, store.Capabilities.DeleteConditions);
        await store.DeleteAsync("version", second.ETag, None);
        await FailsAsync(FsError.NotFound, () => store.HeadAsync("version", None).AsTask());
    }

    [Fact]
    public async Task ABucketThatIsNotThereIsNamed()
    {
        var options = service.Options with { Bucket = "no-such-bucket-anywhere" };
        using var store = service.StoreWith(service.Key, options);
        var failure = await Assert.ThrowsAsync<FsException>(() => store.ListAsync("", null, null, 1, None).AsTask());
        Assert.Contains("bucket does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherKeysObjectsAreListedButNotOpened()
    {
        using var otherKey = Service.NewKey();
        using var other = service.StoreWith(otherKey);
        await other.PutAsync("foreign/object", ObjectContent.Of(Bytes(77)), NoMetadata, WriteCondition.None, None);
        await other.PutAsync("foreign/empty", ObjectContent.Of(default), NoMetadata, WriteCondition.None, None);
        var message = await FailsAsync(FsError.KeyUnknown, () => Store.HeadAsync("foreign/object", None).AsTask());
        Assert.Contains(service.Key.Fingerprint, message, StringComparison.Ordinal);
        await FailsAsync(FsError.KeyUnknown, () => Store.HeadAsync("foreign/empty", None).AsTask());
        await FailsAsync(FsError.KeyUnknown, () => Store.GetAsync("foreign/object", 0, 77, null, null, None).AsTask());
        Assert.Equal([("foreign/empty", 0L), ("foreign/object", 77L)], (await Store.ListAsync("foreign/", null, null, 10, None)).Objects.Select(o => (o.Key, o.Size)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    [InlineData((1 << 20) + 17)]
    public async Task APlainObjectIsReadAndItsCopyIsEncrypted(int size)
    {
        var content = Bytes(size);
        await PutPlainAsync("plain", content);
        var head = await Store.HeadAsync("plain", None);
        Assert.Equal((size, Encryption.Plain), (head.Size, head.Encryption));
        var (info, gotten) = await GetAsync("plain", 0, size + 1);
        Assert.Equal(Encryption.Plain, info.Encryption);
        Assert.Equal(content, gotten);

        await Store.CopyAsync(head, "plain-copy", NoMetadata, WriteCondition.None, None);
        await AssertEncryptedAsync("plain-copy", content);
        await Store.CopyAsync(head, "plain", NoMetadata, WriteCondition.None, None);
        await AssertEncryptedAsync("plain", content);
    }

    [Fact]
    public async Task PutHonoursItsConditions()
    {
        var first = await Store.PutAsync("conditions", ObjectContent.Of(Bytes(10)), NoMetadata, WriteCondition.Absent, None);
        await FailsAsync(FsError.Exists, () => Store.PutAsync("conditions", ObjectContent.Of(Bytes(11)), NoMetadata, WriteCondition.Absent, None).AsTask());
        await FailsAsync(FsError.Conflict, () => Store.PutAsync("conditions", ObjectContent.Of(Bytes(11)), NoMetadata, WriteCondition.Match("0123456789abcdef0123456789abcdef"), None).AsTask());
        Assert.Equal(10, (await Store.HeadAsync("conditions", None)).Size);
        await Store.PutAsync("conditions", ObjectContent.Of(Bytes(12)), NoMetadata, WriteCondition.Match(first.ETag), None);
        Assert.Equal(12, (await Store.HeadAsync("conditions", None)).Size);
        await FailsAsync(FsError.Conflict, () => Store.PutAsync("conditions-none", ObjectContent.Of(Bytes(11)), NoMetadata, WriteCondition.Match(first.ETag), None).AsTask());
        await FailsAsync(FsError.NotFound, () => Store.HeadAsync("conditions-none", None).AsTask());
    }

    [Fact]
    public async Task MetadataBeyondAsciiSurvives()
    {
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["name"] = "Grüße, 世界" }, null);
        await Store.PutAsync("metadata", ObjectContent.Of(Bytes(3)), metadata, WriteCondition.None, None);
        var head = await Store.HeadAsync("metadata", None);
        // AWS hands out such values in MIME's encoding; all others as they came.
        Assert.Contains(head.Metadata.User["name"], new[] { "Grüße, 世界", $"=?UTF-8?B?{Convert.ToBase64String("Grüße, 世界"u8)}?=" });
        await Store.CopyAsync(head, "metadata-copy", head.Metadata, WriteCondition.None, None);
        Assert.Equal(head.Metadata.User["name"], (await Store.HeadAsync("metadata-copy", None)).Metadata.User["name"]);
    }

    private Task<WrittenObject> PutAsync(string key, byte[] content) =>
        Store.PutAsync(key, ObjectContent.Of(content), NoMetadata, WriteCondition.None, None).AsTask();

    private Task<PutObjectResponse> PutPlainAsync(string key, byte[] content) => service.Client.PutObjectAsync(new PutObjectRequest
    {
        BucketName = service.Options.Bucket,
        Key = key,
        InputStream = new MemoryStream(content),
        UseChunkEncoding = false,
    });

    private async Task<(ObjectInfo Info, byte[] Content)> GetAsync(string key, long offset, long length)
    {
        var body = await Store.GetAsync(key, offset, length, null, null, None);
        await using var owned = body!;
        using var content = new MemoryStream();
        var buffer = new byte[70_000];
        while (await owned.ReadAsync(buffer, None) is > 0 and var count)
            content.Write(buffer, 0, count);
        Assert.Equal(owned.Length, content.Length);
        return (owned.Info, content.ToArray());
    }

    private async Task AssertEncryptedAsync(string key, byte[] content)
    {
        var (info, gotten) = await GetAsync(key, 0, content.Length + 1);
        Assert.Equal(Encryption.CustomerKey, info.Encryption);
        Assert.True(gotten.AsSpan().SequenceEqual(content), $"{key} has other bytes");
        var refusal = await Assert.ThrowsAsync<AmazonS3Exception>(() => service.Client.GetObjectAsync(service.Options.Bucket, key));
        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    private static async Task<string> FailsAsync(FsError reason, Func<Task> action)
    {
        var failure = await Assert.ThrowsAsync<FsException>(action);
        Assert.Equal((reason, failure.Message), (failure.Reason, failure.Message));
        return failure.Message;
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static ObjectContent Sliced(byte[] content, params int[] cuts)
    {
        var slices = new List<ReadOnlyMemory<byte>>();
        var start = 0;
        foreach (var cut in cuts.Append(content.Length))
        {
            slices.Add(content.AsMemory(start, cut - start));
            start = cut;
        }
        return new ObjectContent(slices, content.Length);
    }
}

public sealed class StoreOnRealServiceTests(RealService service) : StoreTests(service), IClassFixture<RealService>;

public sealed class StoreOnAwsTests(AwsService service) : StoreTests(service), IClassFixture<AwsService>;

public sealed class StoreOnCeph16Tests(Ceph16Service service) : StoreTests(service), IClassFixture<Ceph16Service>;

public sealed class StoreOnCeph18Tests(Ceph18Service service) : StoreTests(service), IClassFixture<Ceph18Service>;

public sealed class StoreOnCeph20Tests(Ceph20Service service) : StoreTests(service), IClassFixture<Ceph20Service>;
