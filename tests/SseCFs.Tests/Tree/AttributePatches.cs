using CsCheck;
using SseCFs.Tree;

namespace SseCFs.Tests.Tree;

public sealed class AttributePatches
{
    private static readonly Gen<Timestamp?> Time = Gen.Int[0, 3].Select(second => second == 0 ? (Timestamp?)null : new Timestamp(second, 0));

    private static readonly Gen<AttributePatch> Patch = Gen.Select(Gen.UInt[0, 0xFFF].Nullable(), Gen.UInt[0, 3].Nullable(), Time, Time, Gen.Int[0, 3], Gen.Int[0, 3]).Select(
        (permissions, owner, modified, accessed, set, removed) => new AttributePatch
        {
            Permissions = permissions,
            Uid = owner,
            ModifyTime = modified,
            AccessTime = accessed,
            Extended = new AttributePatch().Extended.SetItem($"user.{set}", [(byte)set]).SetItem($"user.{removed}", null),
        });

    private static readonly PosixMetadata Known = PosixMetadata.Create(FileType.Regular | 0x1A4, 1000, 1000, new Timestamp(9, 9)) with
    {
        Extended = ExtendedAttributes.None.With("user.1", [7]).With("user.kept", [8]),
    };

    [Fact]
    public void Two_in_one_do_what_they_do_one_after_the_other() => Gen.Select(Patch, Patch).Sample((first, second) =>
        AssertSame(second.ApplyTo(first.ApplyTo(Known)), first.Then(second).ApplyTo(Known)));

    [Fact]
    public void The_difference_makes_one_from_the_other() => Gen.Select(Patch, Patch).Sample((first, second) =>
    {
        var (from, to) = (first.ApplyTo(Known), second.ApplyTo(Known));
        AssertSame(to, AttributePatch.Between(from, to).ApplyTo(from));
    });

    [Fact]
    public void What_is_changed_while_a_request_stores_the_rest_is_still_to_be_stored()
    {
        var before = InodeAttributes.Of(Known).Then(new AttributePatch { Permissions = 0x180 });
        var sent = new SentAttributes(before.Current!, before.Patch);
        Assert.Null(before.AfterStoring(sent).Patch);
        var after = before.Then(new AttributePatch { Uid = 7 }).AfterStoring(sent);
        Assert.Equal((0x180u | FileType.Regular, 7u), (after.Current!.Mode, after.Current.Uid));
        Assert.NotNull(after.Patch);
    }

    [Fact]
    public void They_stay_known_while_another_version_is_not_asked_for_yet()
    {
        var outdated = InodeAttributes.Of(Known).Then(new AttributePatch { Uid = 7 }).Outdated();
        Assert.False(outdated.AreKnown);
        Assert.Equal(7u, outdated.Current!.Uid);
        var theirs = outdated.WithStored(Known with { Mode = FileType.Regular, Uid = 8 });
        Assert.True(theirs.AreKnown);
        Assert.Equal((FileType.Regular, 7u), (theirs.Current!.Mode, theirs.Current.Uid));
        Assert.Equal(8u, theirs.WithoutPatch().Current!.Uid);
    }

    private static void AssertSame(PosixMetadata expected, PosixMetadata actual)
    {
        Assert.True(expected.IsStoredAs(actual));
        Assert.Equal((expected.ModifyTime, expected.AccessTime, expected.ChangeTime), (actual.ModifyTime, actual.AccessTime, actual.ChangeTime));
    }
}
