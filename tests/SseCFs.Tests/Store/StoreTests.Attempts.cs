using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <content>Which write made a version.</content>
public abstract partial class StoreTests
{
    [Fact]
    public async Task EveryWriteIsAnAttemptOfItsOwn()
    {
        await PutAsync("attempts", Bytes(10));
        var first = await Store.HeadAsync("attempts", None);
        await PutAsync("attempts", Bytes(10));
        var second = await Store.HeadAsync("attempts", None);
        var copied = await Store.CopyAsync(second, "attempts-copy", second.Metadata, WriteCondition.None, None);
        var copy = await Store.HeadAsync("attempts-copy", None);
        Assert.Equal(copied.ETag, copy.ETag);
        Assert.All([first, second, copy], info => Assert.Equal(22, info.Attempt!.Length));
        Assert.Equal(3, new[] { first.Attempt, second.Attempt, copy.Attempt }.Distinct().Count());
        Assert.Empty(copy.Metadata.User);
    }

    [Theory]
    [InlineData("the same", true)]
    [InlineData("as long as that", false)]
    [InlineData("longer", false)]
    public async Task AVersionIsOfAnAttemptOnlyWithTheContentThatWasSent(string name, bool isOwn)
    {
        var content = Bytes(1000);
        var ours = NoMetadata.WithAttempt();
        await Store.PutAsync("own", ObjectContent.Of(content), ours, WriteCondition.None, None);
        // As a program does that carries along metadata which it does not know.
        var carried = NoMetadata with { Attempt = WriteAttempt.Recorded(ours.Attempt!.Id, sent: null) };
        var theirs = name switch { "the same" => content, "longer" => [.. content, 1], _ => [.. content.Reverse()] };
        await Store.PutAsync("own", ObjectContent.Of(theirs), carried, WriteCondition.None, None);
        var there = await Store.HeadAsync("own", None);
        Assert.Equal(isOwn, await Store.IsOwnAsync(there, ours.Attempt, None));
        Assert.False(await Store.IsOwnAsync(there, WriteAttempt.New(), None));
        // All that a process that ended has recorded are id and size; the digest stands beside the id.
#pragma warning disable CA5351 // the digest that rclone keeps, too
        var withDigest = Convert.ToBase64String(System.Security.Cryptography.MD5.HashData(content));
#pragma warning restore CA5351
        await Store.PutAsync(
            "own", ObjectContent.Of(theirs), carried with { User = new Dictionary<string, string> { ["md5chksum"] = withDigest } }, WriteCondition.None, None);
        Assert.Equal(isOwn, await Store.IsOwnAsync(await Store.HeadAsync("own", None), WriteAttempt.Recorded(ours.Attempt.Id, new SentContent(1000, ETag: null)), None));
    }

    [Fact]
    public async Task AnUploadThatCarriesOurIdIsOursOnlyWithOurParts()
    {
        var ours = NoMetadata.WithAttempt();
        await UploadAsync(Bytes(Part), ours);
        Assert.True(await Store.IsOwnAsync(await Store.HeadAsync("own-upload", None), ours.Attempt!, None));
        var carried = NoMetadata with { Attempt = WriteAttempt.Recorded(ours.Attempt!.Id, sent: null) };
        await UploadAsync([.. Bytes(Part).Reverse()], carried);
        Assert.False(await Store.IsOwnAsync(await Store.HeadAsync("own-upload", None), ours.Attempt, None));
        await Store.PutAsync("own-upload", ObjectContent.Of(Bytes(Part)), carried, WriteCondition.None, None);
        Assert.False(await Store.IsOwnAsync(await Store.HeadAsync("own-upload", None), ours.Attempt, None));

        async Task UploadAsync(byte[] content, ObjectMetadata metadata)
        {
            var upload = await Store.StartUploadAsync("own-upload", metadata, None);
            await upload.UploadPartAsync(1, ObjectContent.Of(content), None);
            await upload.CompleteAsync(content.Length, WriteCondition.None, None);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnUploadThatSomebodyAbortedIsNotTakenForTheVersionBefore(bool hasSameContent)
    {
        await UploadOnceAsync(Bytes(100), WriteCondition.None, abort: false);
        var before = await Store.HeadAsync("aborted-upload", None);
        byte[] content = hasSameContent ? Bytes(100) : [.. Bytes(100).Reverse()];
        await FailsAsync(FsError.NotFound, () => UploadOnceAsync(content, WriteCondition.Match(before.ETag), abort: true));
        Assert.Equal(before.Attempt, (await Store.HeadAsync("aborted-upload", None)).Attempt);

        async Task UploadOnceAsync(byte[] content, WriteCondition condition, bool abort)
        {
            var upload = await Store.StartUploadAsync("aborted-upload", NoMetadata, None);
            await upload.UploadPartAsync(1, ObjectContent.Of(content), None);
            if (abort)
            {
                await Store.AbortUploadAsync("aborted-upload", upload.UploadId, None);
            }
            await upload.CompleteAsync(content.Length, condition, None);
        }
    }

    [Fact]
    public void PartsOfALargerOperationHaveTheSameIdsWheneverTheyAreDerived()
    {
        var whole = WriteAttempt.New();
        var again = WriteAttempt.Recorded(whole.Id, sent: null);
        Assert.Equal(whole.Derive("a", "1").Id, again.Derive("a", "1").Id);
        Assert.Equal(4, new[] { whole.Id, whole.Derive("a", "1").Id, whole.Derive("a", "2").Id, whole.Derive("b", "1").Id }.Distinct().Count());
        Assert.All([whole, whole.Derive("a", "1")], attempt => Assert.Equal(WriteAttempt.MetadataSize, WriteAttempt.MetadataName.Length + attempt.Id.Length));
    }
}
