using System.Security.Cryptography;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Upkeep;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>What is said of a whole bucket.</summary>
public abstract partial class StoreTests
{
    [Fact]
    public async Task AnAuditCountsByKey()
    {
        using var old = Service.NewKey();
        using var strange = Service.NewKey();
        for (var i = 0; i < 5; i++)
        {
            await PutAsync($"audit/new-{i}", Bytes(100));
        }
        await PutUnderAsync(old, "audit/old", Bytes(50));
        await PutUnderAsync(strange, "audit/strange-b", Bytes(7));
        await PutUnderAsync(strange, "audit/strange-a", Bytes(7));
        await PutPlainAsync("audit/plain", Bytes(3));
        using var store = service.StoreWith(new KeyRing([service.Key, old]));
        var audit = new Audit(store);
        var groups = await audit.RunAsync("audit/", None);
        Assert.Equal(
            [
                (service.Key.Fingerprint, false, 5, 500, "audit/new-0"),
                (old.Fingerprint, false, 1, 50, "audit/old"),
                (null, true, 1, 3, "audit/plain"),
                (null, false, 2, 14, "audit/strange-a"),
            ],
            groups.Select(group => (group.KeyFingerprint, group.IsPlain, (int)group.Objects, (int)group.Bytes, group.Example)));
        Assert.Equal(9, audit.Seen);
    }

    [Fact]
    public async Task AVerificationFindsWhatIsNotWhatItsHashSays()
    {
        using var strange = Service.NewKey();
        await PutHashedAsync("verify/right", Bytes(300_000), null);
        await PutHashedAsync("verify/empty", [], null);
        await PutHashedAsync("verify/wrong", Bytes(1000), Convert.ToBase64String(new byte[16]));
        await PutAsync("verify/without", Bytes(10));
        await PutUnderAsync(strange, "verify/strange", Bytes(10));
        var found = await new Verification(Store).RunAsync("verify/", None);
        Assert.Equal((2, 1, 1), (found.Right, found.WithoutHash, found.Unreadable));
        var damage = Assert.Single(found.Damaged);
        Assert.Equal("verify/wrong", damage.Key);
        Assert.Contains("AAAAAAAAAAAAAAAAAAAAAA== is kept", damage.What, StringComparison.Ordinal);
    }

    private async Task PutHashedAsync(string key, byte[] content, string? hash)
    {
#pragma warning disable CA5351 // the hash that rclone keeps
        hash ??= Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["md5chksum"] = hash }, null);
        await Store.PutAsync(key, ObjectContent.Of(content), metadata, WriteCondition.None, None);
    }
}
