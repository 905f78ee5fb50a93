using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3.Model;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tests.Support;
using SseCFs.Upkeep;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Objects are encrypted anew with another key.</summary>
public abstract partial class StoreTests
{
    [Fact]
    public async Task RekeyChangesTheKeyAndNothingElse()
    {
        using var next = Service.NewKey();
        using var strange = Service.NewKey();
        var described = new ObjectMetadata(new Dictionary<string, string> { ["mtime"] = "1700000000.5", ["mode"] = "33188", ["colour"] = "grün" }, "text/x-test")
        {
            Headers = new ObjectHeaders("no-cache", "attachment; filename=x", "gzip", "de", "Thu, 01 Jan 2099 00:00:00 GMT", service.HasStorageClasses ? "STANDARD_IA" : null),
            Tags = new Dictionary<string, string> { ["team"] = "red & blue", ["n"] = "" },
        };
        var contents = new Dictionary<string, byte[]>
        {
            ["small"] = Bytes(1000),
            ["empty"] = [],
            ["large"] = Bytes(9_000_001),
            ["folder/"] = [],
            ["odd % + name"] = Bytes(2_000_000),
        };
        foreach (var (name, content) in contents)
        {
            await Store.PutAsync("rekey/" + name, ObjectContent.Of(content), described, WriteCondition.None, None);
        }
        contents["parts"] = Bytes(Part + 1234);
        await UploadAsync("rekey/parts", contents["parts"], described);
        await PutAsync("rekey/bare", contents["bare"] = Bytes(10));
        await PutUnderAsync(strange, "rekey/strange", Bytes(7));
        await PutPlainAsync("rekey/plain", Bytes(30));
        await PutAsync("rekeyed-not", Bytes(5));
        var ring = new KeyRing([next, service.Key]);
        using var store = service.StoreWith(ring);
        await store.PutAsync("rekey/new", ObjectContent.Of(contents["new"] = Bytes(20)), described, WriteCondition.None, None);
        await store.PutAsync(
            "rekey/" + Rekey.WorkFolder + "left", ObjectContent.Of(Bytes(5)), described with { ContentType = "application/x-ssecfs-rekey" }, WriteCondition.None, None);
        // Somebody's own.
        contents[Rekey.WorkFolder + "notes"] = Bytes(6);
        await Store.PutAsync("rekey/" + Rekey.WorkFolder + "notes", ObjectContent.Of(contents[Rekey.WorkFolder + "notes"]), described, WriteCondition.None, None);
        var before = new Dictionary<string, ObjectInfo>();
        foreach (var name in contents.Keys)
        {
            before[name] = await store.HeadAsync("rekey/" + name, None);
        }

        var rekey = new Rekey(store, ring, new RekeyOptions());
        var result = await rekey.RunAsync("rekey/", None);

        Assert.Empty(result.Failed);
        Assert.Equal(
            [(RekeyOutcome.Changed, service.Key.Fingerprint, 8), (RekeyOutcome.Unchanged, next.Fingerprint, 1), (RekeyOutcome.Plain, null, 1), (RekeyOutcome.Unreadable, null, 1)],
            result.Groups.Select(group => (group.Outcome, group.FromFingerprint, (int)group.Objects)));
        Assert.Equal((11, rekey.Total!.Value.Bytes), (rekey.Done.Objects, rekey.Done.Bytes));
        using var alone = service.StoreWith(next);
        foreach (var (name, content) in contents)
        {
            var (info, gotten) = await GetAsync(alone, "rekey/" + name);
            Assert.Equal(content, gotten);
            Assert.Equal(next.Fingerprint, info.KeyFingerprint);
            Assert.Equal((name, before[name].Metadata.ContentType, before[name].Metadata.Headers), (name, info.Metadata.ContentType, info.Metadata.Headers));
            if (name == "bare")
            {
                Assert.Equal(before[name].LastModified.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), Assert.Single(info.Metadata.User).Value);
                continue;
            }
            Assert.Equal(before[name].Metadata.User.OrderBy(pair => pair.Key), info.Metadata.User.OrderBy(pair => pair.Key));
            Assert.Equal(described.Headers, info.Metadata.Headers);
            Assert.Equal((name, name == "new" ? null : before[name].ETag), (name, info.FormerETag));
            Assert.Equal(described.Tags.OrderBy(tag => tag.Key), (await alone.GetTagsAsync("rekey/" + name, None)).OrderBy(tag => tag.Key));
        }
        Assert.Equal(service.Key.Fingerprint, (await Store.HeadAsync("rekeyed-not", None)).KeyFingerprint);
        Assert.DoesNotContain((await Store.ListAsync("rekey/", null, null, 100, None)).Objects, listed => listed.Key.EndsWith("left", StringComparison.Ordinal));

        var again = await new Rekey(store, ring, new RekeyOptions { EncryptPlain = true }).RunAsync("rekey/", None);
        Assert.Equal([(RekeyOutcome.Changed, 1), (RekeyOutcome.Unchanged, 9), (RekeyOutcome.Unreadable, 1)], again.Groups.Select(group => (group.Outcome, (int)group.Objects)));
        Assert.Equal(next.Fingerprint, (await alone.HeadAsync("rekey/plain", None)).KeyFingerprint);
    }

    [Fact]
    public async Task RekeyTakesTheKeyOfThePlaceAndADryRunChangesNothing()
    {
        using var next = Service.NewKey();
        using var own = Service.NewKey();
        await PutAsync("place/a", Bytes(1000));
        await PutAsync("place/own/b", Bytes(3_000_000));
        var ring = new KeyRing([next, service.Key], [new PrefixKey("place/own", own)]);
        using var store = service.StoreWith(ring);
        var dry = await new Rekey(store, ring, new RekeyOptions { IsDryRun = true }).RunAsync("place/", None);
        Assert.Equal((RekeyOutcome.Changed, 2), (Assert.Single(dry.Groups).Outcome, (int)dry.Groups[0].Objects));
        Assert.Equal(service.Key.Fingerprint, (await store.HeadAsync("place/a", None)).KeyFingerprint);
        await new Rekey(store, ring, new RekeyOptions()).RunAsync("place/", None);
        Assert.Equal(next.Fingerprint, (await store.HeadAsync("place/a", None)).KeyFingerprint);
        Assert.Equal(own.Fingerprint, (await store.HeadAsync("place/own/b", None)).KeyFingerprint);
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(3_000_000, 1)]
    [InlineData(1000, 9)]
    public async Task RekeyDoesNotOverwriteWhatOthersStoreMeanwhile(int size, int times)
    {
        using var next = Service.NewKey();
        await PutAsync("busy/a", Bytes(size));
        var ring = new KeyRing([next, service.Key]);
        using var store = service.StoreWith(ring);
        var faults = new FaultyStore(store);
        var round = 0;
        faults.After(RequestKind.Copy, WorkKey("busy/", "busy/a"), async _ => await PutAsync("busy/a", Encoding.ASCII.GetBytes($"newer {round++}")), times: times);
        var result = await new Rekey(faults, ring, new RekeyOptions()).RunAsync("busy/", None);
        var (info, content) = await GetAsync(store, "busy/a");
        Assert.Equal($"newer {round - 1}", Encoding.ASCII.GetString(content));
        Assert.Equal((times == 1 ? RekeyOutcome.Changed : RekeyOutcome.Busy, times > 1), (Assert.Single(result.Groups).Outcome, result.IsIncomplete));
        Assert.Equal(times == 1 ? next.Fingerprint : service.Key.Fingerprint, info.KeyFingerprint);
        Assert.Single((await Store.ListAsync("busy/", null, null, 10, None)).Objects);
    }

    [Fact]
    public async Task RekeyLeavesAnObjectAloneOfWhichTheServiceGivesBackSomethingElse()
    {
        using var next = Service.NewKey();
        var content = Bytes(50_000);
        await PutAsync("wrong/a", content);
        var ring = new KeyRing([next, service.Key]);
        using var store = service.StoreWith(ring);
        var faults = new FaultyStore(store);
        var work = WorkKey("wrong/", "wrong/a");
        faults.After(RequestKind.Copy, work, async _ =>
        {
            using var under = service.StoreWith(next);
            await under.PutAsync(work, ObjectContent.Of(Bytes(49_999).Append((byte)7).ToArray()), NoMetadata, WriteCondition.None, None);
        });
        var result = await new Rekey(faults, ring, new RekeyOptions()).RunAsync("wrong/", None);
        Assert.Contains("stays as it is", Assert.Single(result.Failed).What, StringComparison.Ordinal);
        Assert.True(result.IsIncomplete);
        var (info, there) = await GetAsync(store, "wrong/a");
        Assert.Equal(content, there);
        Assert.Equal(service.Key.Fingerprint, info.KeyFingerprint);
        Assert.Single((await Store.ListAsync("wrong/", null, null, 10, None)).Objects);
    }

    /// <summary>Programs that carry metadata over to new content, as s3fs does, carry the mark of a rekey along.</summary>
    [Fact]
    public async Task ContentThatCameAfterARekeyIsNotTakenForTheContentBefore()
    {
        using var next = Service.NewKey();
        await Store.PutAsync("mark/a", ObjectContent.Of(Bytes(10)), new ObjectMetadata(new Dictionary<string, string> { ["mtime"] = "5" }, null), WriteCondition.None, None);
        var ring = new KeyRing([next, service.Key]);
        using var store = service.StoreWith(ring);
        await new Rekey(store, ring, new RekeyOptions()).RunAsync("mark/", None);
        Assert.NotNull((await store.HeadAsync("mark/a", None)).FormerETag);
        var request = new PutObjectRequest { BucketName = service.Options.Bucket, Key = "mark/b", InputStream = new MemoryStream(Bytes(10)), UseChunkEncoding = false };
        request.Metadata["ssecfs-rekeyed"] = "0123 5";
        request.Metadata["mtime"] = "6";
        await service.Client.PutObjectAsync(request);
        Assert.Null((await store.HeadAsync("mark/b", None)).FormerETag);
    }

    private static string WorkKey(string prefix, string key) =>
        prefix + Rekey.WorkFolder + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));

    private async Task UploadAsync(string key, byte[] content, ObjectMetadata metadata)
    {
        var upload = await Store.StartUploadAsync(key, metadata, None);
        await upload.UploadPartAsync(1, ObjectContent.Of(content.AsMemory(0, Part)), None);
        await upload.UploadPartAsync(2, ObjectContent.Of(content.AsMemory(Part)), None);
        await upload.CompleteAsync(content.Length, WriteCondition.None, None);
    }

    private static async Task<(ObjectInfo Info, byte[] Content)> GetAsync(S3ObjectStore store, string key)
    {
        await using var body = (await store.GetAsync(key, 0, long.MaxValue >> 8, null, null, None))!;
        var content = new byte[body.Length];
        for (var filled = 0; filled < content.Length;)
        {
            filled += await body.ReadAsync(content.AsMemory(filled), None);
        }
        return (body.Info, content);
    }
}
