using SseCFs.Keys;
using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Several keys: one writes, all read.</summary>
public abstract partial class StoreTests
{
    [Fact]
    public async Task WhatAnyKeyOfTheRingWroteIsReadAndTheFirstOneWrites()
    {
        using var old = Service.NewKey();
        using var strange = Service.NewKey();
        var content = Bytes(3000);
        await PutUnderAsync(old, "ring/old", content);
        await PutUnderAsync(strange, "ring/strange", content);
        using var store = service.StoreWith(new KeyRing([service.Key, old]));
        var written = await store.PutAsync("ring/new", ObjectContent.Of(content), NoMetadata, WriteCondition.None, None);

        // In any order, since what opened one object is tried first for the next.
        foreach (var (name, key) in new[] { ("ring/old", old), ("ring/new", service.Key), ("ring/old", old) })
        {
            Assert.Equal(key.Fingerprint, (await store.HeadAsync(name, None)).KeyFingerprint);
            await using var body = (await store.GetAsync(name, 0, content.Length, null, null, None))!;
            Assert.Equal((key.Fingerprint, content.Length), (body.Info.KeyFingerprint, (int)body.Length));
        }
        Assert.Equal(written.ETag, (await Store.HeadAsync("ring/new", None)).ETag);
        var refusal = await FailsAsync(FsError.KeyUnknown, () => store.HeadAsync("ring/strange", None).AsTask());
        Assert.Contains(service.Key.Fingerprint, refusal, StringComparison.Ordinal);
        Assert.Contains(old.Fingerprint, refusal, StringComparison.Ordinal);
        await FailsAsync(FsError.KeyUnknown, () => store.GetAsync("ring/strange", 0, 10, null, null, None).AsTask());
        await PutPlainAsync("ring/plain", content);
        Assert.Equal(Encryption.Plain, (await store.HeadAsync("ring/plain", None)).Encryption);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3 << 20)]
    public async Task ACopyIsUnderTheKeyThatWrites(int size)
    {
        using var old = Service.NewKey();
        var content = Bytes(size);
        await PutUnderAsync(old, "ring/source", content);
        using var store = service.StoreWith(new KeyRing([service.Key, old]));
        var source = await store.HeadAsync("ring/source", None);
        await store.CopyAsync(source, "ring/copy", NoMetadata, WriteCondition.None, None);
        await AssertEncryptedAsync("ring/copy", content);

        // Onto itself: the object changes its key.
        await store.CopyAsync(source, "ring/source", NoMetadata, WriteCondition.Match(source.ETag), None);
        await AssertEncryptedAsync("ring/source", content);
        Assert.Equal(service.Key.Fingerprint, (await store.HeadAsync("ring/source", None)).KeyFingerprint);
    }

    [Fact]
    public async Task APrefixMayHaveAKeyOfItsOwn()
    {
        using var finance = Service.NewKey();
        using var secret = Service.NewKey();
        using var store = service.StoreWith(new KeyRing([service.Key], [new PrefixKey("finance/", finance), new PrefixKey("finance/secret/", secret)]));
        foreach (var (name, key) in new[] { ("other", service.Key), ("finance/a", finance), ("finance/secret/a", secret) })
        {
            await store.PutAsync(name, ObjectContent.Of(Bytes(10)), NoMetadata, WriteCondition.None, None);
            Assert.Equal(key.Fingerprint, (await store.HeadAsync(name, None)).KeyFingerprint);
            using var alone = service.StoreWith(key);
            Assert.Equal(10, (await alone.HeadAsync(name, None)).Size);
        }

        // Moved out of its prefix, an object is under the key of where it goes.
        await store.CopyAsync(await store.HeadAsync("finance/a", None), "moved", NoMetadata, WriteCondition.None, None);
        Assert.Equal(service.Key.Fingerprint, (await store.HeadAsync("moved", None)).KeyFingerprint);
    }

    private async Task PutUnderAsync(CustomerKey key, string name, byte[] content)
    {
        using var store = service.StoreWith(key);
        await store.PutAsync(name, ObjectContent.Of(content), NoMetadata, WriteCondition.None, None);
    }
}
