using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Objects under a key that this mount does not hold: shown, never destroyed but by rm.</summary>
public sealed class UnknownKeys : MountTest
{
    public UnknownKeys() => Store.PutForeign("secret", Mount.Content(1234), underKey: "another");

    [Fact]
    public async Task Its_name_and_size_are_shown()
    {
        Assert.Equal(["secret"], await Mount.List(withAttributes: true));
        var attributes = await Mount.Stat("secret");
        Assert.Equal((FileType.Regular, 1234L), (attributes.Mode, attributes.Size));
    }

    [Fact]
    public async Task It_can_be_neither_opened_nor_changed()
    {
        await Mount.Write("mine", [1]);
        await Fails.With(FsError.KeyUnknown, () => Mount.Open("secret"));
        await Fails.With(FsError.KeyUnknown, () => Mount.Open("secret", OpenFlags.Write));
        await Fails.With(FsError.KeyUnknown, () => Mount.Open("secret", OpenFlags.Write | OpenFlags.Append));
        await Fails.With(FsError.KeyUnknown, () => Mount.Open("secret", OpenFlags.Write | OpenFlags.Truncate));
        await Fails.With(FsError.KeyUnknown, () => Mount.Write("secret", [1]));
        await Fails.With(FsError.KeyUnknown, () => Mount.Truncate("secret", 0));
        await Fails.With(FsError.KeyUnknown, () => Mount.Truncate("secret", 10));
        await Fails.With(FsError.KeyUnknown, () => Mount.Change("secret", new AttributeChange { Mode = 0 }));
        await Fails.With(FsError.KeyUnknown, () => Mount.Rename("mine", "secret"));
        await Fails.With(FsError.KeyUnknown, () => Mount.Rename("secret", "elsewhere"));
        await Fails.With(FsError.KeyUnknown, async () =>
            await Mount.Files.SetExtendedAttributeAsync(await Mount.InodeOf("secret"), "user.a"u8.ToArray(), new byte[1], ExtendedAttributeMode.CreateOrReplace, default));
        Assert.Equal(Mount.Content(1234), Store["secret"].Data);
        Assert.Equal("another", Store["secret"].UnderKey);
        Assert.Equal(["mine", "secret"], Store.Keys);
    }

    [Fact]
    public async Task A_file_not_stored_yet_does_not_replace_it_either()
    {
        var handle = await Mount.Create("new");
        await Fails.With(FsError.KeyUnknown, () => Mount.Rename("new", "secret"));
        await Mount.Close(handle);
        Assert.Equal(Mount.Content(1234), Store["secret"].Data);
    }

    [Fact]
    public async Task It_can_be_removed()
    {
        await Mount.Unlink("secret");
        Assert.Empty(Store.Keys);
    }

    [Fact]
    public async Task A_plain_object_is_read_and_becomes_encrypted_when_written()
    {
        Store.PutForeign("plain", [1, 2], plain: true);
        Assert.Equal([1, 2], await Mount.Read("plain"));
        var handle = await Mount.Open("plain", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [9]);
        await Mount.Close(handle);
        Assert.Equal("key-1", Store["plain"].UnderKey);
        Assert.Equal([9, 2], Store["plain"].Data);
    }

    [Fact]
    public async Task One_replaced_under_our_key_opens_again()
    {
        await Fails.With(FsError.KeyUnknown, () => Mount.Open("secret"));
        Store.PutForeign("secret", [1, 2, 3]);
        Mount.Pass();
        Assert.Equal([1, 2, 3], await Mount.Read("secret"));
    }
}
