using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Multipart uploads and copies.</summary>
public abstract partial class StoreTests
{
    private const int Part = IObjectStore.MinimumPartSize;

    [Fact]
    public async Task PartsInAnyOrderBecomeOneObject()
    {
        var content = Bytes((2 * Part) + 1234);
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["mode"] = "33188" }, null);
        var upload = await Store.StartUploadAsync("multipart", metadata, None);
        await Task.WhenAll(new[] { 3, 1, 2 }.Select(number =>
        {
            var slice = content[((number - 1) * Part)..Math.Min(content.Length, number * Part)];
            return upload.UploadPartAsync(number, Sliced(slice, 7), None).AsTask();
        }));
        var written = await upload.CompleteAsync(content.Length, WriteCondition.None, None);

        await AssertEncryptedAsync("multipart", content);
        var head = await Store.HeadAsync("multipart", None);
        Assert.Equal((written.ETag, "33188"), (head.ETag, head.Metadata.User["mode"]));
        Assert.Equal(content[(Part - 3)..(Part + 3)], (await GetAsync("multipart", Part - 3, 6)).Content);
    }

    [Fact]
    public async Task AnUploadThatIsCompletedAlreadyIsFoundUnlessItWasReplaced()
    {
        var upload = await Store.StartUploadAsync("twice", NoMetadata, None);
        await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
        var written = await upload.CompleteAsync(100, WriteCondition.Absent, None);
        Assert.Equal(written, await upload.CompleteAsync(100, WriteCondition.Match(written.ETag), None));
        await PutAsync("twice", Bytes(100));
        await FailsAsync(FsError.NotFound, async () => await upload.CompleteAsync(100, WriteCondition.None, None));
    }

    [Fact]
    public async Task AnotherProcessGoesOnWithAnUpload()
    {
        var content = Bytes(Part + 1234);
        var metadata = NoMetadata.WithAttempt();
        var begun = await Store.StartUploadAsync("handed-over", metadata, None);
        await begun.UploadPartAsync(1, ObjectContent.Of(content.AsMemory(0, Part)), None);
        begun.HandOver();
        using var other = service.StoreWith(service.Key);
        var upload = other.ResumeUpload("handed-over", begun.UploadId, metadata, begun.Parts.ToDictionary());
        await upload.UploadPartAsync(2, ObjectContent.Of(content.AsMemory(Part)), None);
        await upload.CompleteAsync(content.Length, WriteCondition.Absent, None);
        await AssertEncryptedAsync("handed-over", content);
    }

    [Fact]
    public async Task CopiedAndUploadedPartsMix()
    {
        var old = Bytes(2 * Part);
        await PutAsync("mixed-source", old);
        await PutPlainAsync("mixed-plain", old);
        var source = await Store.HeadAsync("mixed-source", None);
        var plain = await Store.HeadAsync("mixed-plain", None);
        var fresh = Bytes(Part + 5);
        var upload = await Store.StartUploadAsync("mixed", NoMetadata, None);
        await upload.CopyPartAsync(1, source, 123, Part, None);
        await upload.UploadPartAsync(2, ObjectContent.Of(fresh), None);
        await upload.CopyPartAsync(3, plain, 1, Part, None);
        await upload.CopyPartAsync(4, source, 0, 1, None);
        await upload.CompleteAsync((3 * Part) + 6, WriteCondition.None, None);
        await AssertEncryptedAsync("mixed", [.. old[123..(123 + Part)], .. fresh, .. old[1..(1 + Part)], old[0]]);
    }

    [Fact]
    public async Task CompletingHonoursItsConditions()
    {
        var there = await PutAsync("complete", Bytes(10));
        await FailsAsync(FsError.Exists, () => UploadAsync("complete", WriteCondition.Absent));
        await FailsAsync(FsError.Conflict, () => UploadAsync("complete", WriteCondition.Match("0123456789abcdef0123456789abcdef-1")));
        Assert.Equal(10, (await Store.HeadAsync("complete", None)).Size);
        await UploadAsync("complete", WriteCondition.Match(there.ETag));
        Assert.Equal(100, (await Store.HeadAsync("complete", None)).Size);
        await UploadAsync("complete-new", WriteCondition.Absent);
        await FailsAsync(FsError.Conflict, () => UploadAsync("complete-gone", WriteCondition.Match(there.ETag)));
    }

    [Fact]
    public async Task AnAbortedUploadLeavesNothing()
    {
        var upload = await Store.StartUploadAsync("aborted", NoMetadata, None);
        await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
        await upload.AbortAsync();
        await upload.AbortAsync();
        await FailsAsync(FsError.NotFound, () => Store.HeadAsync("aborted", None).AsTask());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(9_000_001)]
    public async Task ACopyHasTheBytesAndTheNewMetadata(int size)
    {
        var content = Bytes(size);
        await PutAsync("copy-source", content);
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["mtime"] = "5.5" }, "text/new");
        var copied = await Store.CopyAsync(await Store.HeadAsync("copy-source", None), "copy-target", metadata, WriteCondition.None, None);
        await AssertEncryptedAsync("copy-target", content);
        var head = await Store.HeadAsync("copy-target", None);
        Assert.Equal((copied.ETag, "5.5", "text/new"), (head.ETag, head.Metadata.User["mtime"], head.Metadata.ContentType));
        await AssertEncryptedAsync("copy-source", content);
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(3_000_000, true)]
    public async Task ACopyKeepsTagsWhereTheServiceMakesItInOneRequest(int size, bool isLarge)
    {
        var tagged = NoMetadata with { Tags = new Dictionary<string, string> { ["team"] = "red" } };
        var name = $"tags-{size}";
        await Store.PutAsync(name, ObjectContent.Of(Bytes(size)), tagged, WriteCondition.None, None);
        Assert.Equal(tagged.Tags, await Store.GetTagsAsync(name, None));
        await Store.CopyAsync(await Store.HeadAsync(name, None), name + "-copy", NoMetadata, WriteCondition.None, None);
        Assert.Equal(service.Copies == true && isLarge ? tagged.Tags : NoMetadata.Tags, await Store.GetTagsAsync(name + "-copy", None));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(3_000_000)]
    public async Task AnObjectIsCopiedOntoItself(int size)
    {
        var content = Bytes(size);
        await PutAsync("self", content);
        for (var round = 0; round < 2; round++)
        {
            var metadata = new ObjectMetadata(new Dictionary<string, string> { ["mode"] = $"{round}" }, null);
            await Store.CopyAsync(await Store.HeadAsync("self", None), "self", metadata, WriteCondition.None, None);
            await AssertEncryptedAsync("self", content);
            Assert.Equal($"{round}", (await Store.HeadAsync("self", None)).Metadata.User["mode"]);
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(3_000_000)]
    public async Task ACopyHonoursConditionsOfBothEnds(int size)
    {
        await PutAsync("ends-source", Bytes(size));
        var source = await Store.HeadAsync("ends-source", None);
        var target = await PutAsync("ends-target", Bytes(5));
        await FailsAsync(FsError.Exists, () => Store.CopyAsync(source, "ends-target", NoMetadata, WriteCondition.Absent, None).AsTask());
        await FailsAsync(FsError.Conflict, () => Store.CopyAsync(source, "ends-target", NoMetadata, WriteCondition.Match(source.ETag), None).AsTask());
        Assert.Equal(5, (await Store.HeadAsync("ends-target", None)).Size);
        await Store.CopyAsync(source, "ends-target", NoMetadata, WriteCondition.Match(target.ETag), None);
        await AssertEncryptedAsync("ends-target", Bytes(size));

        await PutAsync("ends-source", Bytes(size + 1));
        await FailsAsync(FsError.Stale, () => Store.CopyAsync(source, "ends-late", NoMetadata, WriteCondition.None, None).AsTask());
        await FailsAsync(FsError.NotFound, () => Store.HeadAsync("ends-late", None).AsTask());
    }

    [Fact]
    public async Task WhetherTheServiceCopiesIsLearnt()
    {
        using var store = service.StoreWith(service.Key);
        Assert.Null(store.Capabilities.Copy);
        await PutAsync("learn", Bytes(2_000_000));
        await store.CopyAsync(await store.HeadAsync("learn", None), "learnt", NoMetadata, WriteCondition.None, None);
        Assert.Equal(service.Copies, store.Capabilities.Copy);
    }

    private async Task<WrittenObject> UploadAsync(string key, WriteCondition condition)
    {
        var upload = await Store.StartUploadAsync(key, NoMetadata, None);
        try
        {
            await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
            return await upload.CompleteAsync(100, condition, None);
        }
        catch
        {
            await upload.AbortAsync();
            throw;
        }
    }
}
