using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Another machine has moved or removed a name that is known here. What takes the name works at the first try.</summary>
public sealed class NamesElsewhere : MountTest
{
    private static readonly Caller Kernel = new(1000, 1000, 7) { KeepsEntries = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_is_renamed_to_it(bool isLarge)
    {
        await Mount.Write("s", Mount.Content(isLarge ? 6 << 20 : 10));
        await Mount.Write("t", [2]);
        await Mount.Read("t");
        Store.DeleteForeign("t");
        await Mount.Rename("s", "t");
        Assert.Equal(["t"], Store.Keys);
        Assert.Equal(Mount.Content(isLarge ? 6 << 20 : 10), await Mount.Read("t"));
    }

    [Fact]
    public async Task A_file_goes_back_to_where_it_was_taken_from()
    {
        var other = MountAgain();
        await Mount.MakeDirectory("a");
        await Mount.MakeDirectory("b");
        await Mount.Write("a/f", [1]);
        await Mount.Rename("a/f", "b/f");
        await other.Rename("b/f", "a/f");
        Mount.Pass(0.1);
        Assert.Equal([1], await Mount.Read("a/f"));
        await Mount.Rename("a/f", "b/f");
        Assert.Equal(["a/", "b/", "b/f"], Store.Keys);
    }

    [Fact]
    public async Task A_file_that_replaces_another_version_than_was_known_replaces_that()
    {
        await Mount.Write("s", [1]);
        await Mount.Write("t", [2]);
        Store.PutForeign("t", [3, 3]);
        await Mount.Rename("s", "t");
        Assert.Equal([1], Store["t"].Data);
        Assert.Equal(["t"], Store.Keys);
    }

    [PosixFact]
    public async Task A_file_that_is_being_written_is_renamed_to_it_and_stored_there()
    {
        await Mount.Write("t", [2]);
        var handle = await Mount.Create("tmp");
        await Mount.WriteAt(handle, 0, [1, 1]);
        Store.DeleteForeign("t");
        await Mount.Rename("tmp", "t");
        await Mount.Close(handle);
        Assert.Equal(["t"], Store.Keys);
        Assert.Equal([1, 1], Store["t"].Data);
    }

    [PosixFact]
    public async Task A_directory_is_renamed_to_it()
    {
        await Mount.MakeDirectory("s");
        await Mount.Write("s/a", [1]);
        await Mount.MakeDirectory("t");
        await Mount.Write("file", [1]);
        Store.DeleteForeign("t/");
        Store.DeleteForeign("file");
        await Mount.Rename("s", "t");
        await Mount.Rename("t", "file");
        Assert.Equal(["file/", "file/a"], Store.Keys);
    }

    [Fact]
    public async Task What_may_replace_nothing_is_renamed_to_it()
    {
        await Mount.Write("s", [1]);
        await Mount.Write("t", [2]);
        Store.DeleteForeign("t");
        Mount.Pass(0.1);
        await Mount.Rename("s", "t", RenameFlags.NoReplace);
        Assert.Equal(["t"], Store.Keys);
        await Mount.Write("s", [3]);
        await Fails.With(FsError.Exists, () => Mount.Rename("s", "t", RenameFlags.NoReplace));
        Assert.Equal([1], Store["t"].Data);
    }

    [Fact]
    public async Task It_can_be_claimed_overwritten_and_given_to_whatever_has_names()
    {
        foreach (var name in new[] { "claimed", "written", "linked" })
        {
            await Mount.Write(name, [2, 2]);
            Store.DeleteForeign(name);
        }
        await Mount.MakeDirectory("directory");
        Store.DeleteForeign("directory/");
        Mount.Pass(0.1);
        await Mount.Close(await Mount.Create("claimed", OpenFlags.Write | OpenFlags.Exclusive));
        await Mount.Write("written", [1]);
        await Mount.Link("written", "linked");
        await Mount.MakeDirectory("directory");
        Assert.Equal(["claimed", "directory/", "linked", "written"], Store.Keys);
        Assert.Equal([1], Store["written"].Data);
        await Fails.With(FsError.Exists, () => Mount.Create("claimed", OpenFlags.Write | OpenFlags.Exclusive));
        await Fails.With(FsError.Exists, () => Mount.MakeDirectory("directory"));
    }

    [PosixFact]
    public async Task A_name_that_changed_its_kind_elsewhere_is_taken_for_what_it_is()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("s", [1]);
        Store.DeleteForeign("d/");
        Store.PutForeign("d", [2]);
        await Mount.Write("d", [3]);
        Assert.Equal([3], Store["d"].Data);
        await Mount.Write("f", [4]);
        Store.DeleteForeign("f");
        Store.PutForeign("f/below", [5]);
        await Fails.With(FsError.Exists, () => Mount.Create("f", OpenFlags.Write | OpenFlags.Exclusive));
        Assert.Equal([5], await Mount.Read("f/below"));
    }

    [PosixFact]
    public async Task A_directory_that_is_gone_is_renamed_nowhere()
    {
        Store.PutForeign("d/a", [1]);
        await Mount.List("d");
        Store.DeleteForeign("d/a");
        await Mount.MakeDirectory("e");
        await Fails.With(FsError.Stale, () => Mount.Rename("d", "e"));
        Mount.Pass();
        Assert.Equal(["e"], await Mount.List());
        Assert.Equal(["e/"], Store.Keys);
    }

    [Fact]
    public async Task Attributes_of_a_file_that_is_gone_are_nobodys()
    {
        foreach (var (name, size) in new[] { ("small", 10), ("large", 6 << 20) })
        {
            Store.PutForeign(name, Mount.Content(size));
            await Mount.Change(name, new AttributeChange { Mode = 0x180 });
            Store.DeleteForeign(name);
        }
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Empty(Mount.Files.Unsaved);
        Assert.Empty(await Mount.List());
        Assert.Empty(Store.Keys);
    }

    [Fact]
    public async Task A_file_that_is_gone_is_neither_opened_nor_truncated()
    {
        await Mount.Write("a", [1, 2, 3]);
        var inode = await Mount.InodeOf("a");
        Store.DeleteForeign("a");
        await Fails.With(FsError.Stale, async () => await Mount.Files.OpenAsync(inode, OpenFlags.Write | OpenFlags.Truncate, Kernel, default));
        await Mount.Write("a", [1, 2, 3]);
        inode = await Mount.InodeOf("a");
        Store.DeleteForeign("a");
        await Fails.With(FsError.Stale, async () => await Mount.Files.SetAttributesAsync(inode, null, new AttributeChange { Size = 1 }, Mount.User, default));
        Assert.False(await Mount.Exists("a"));
        Assert.Empty(Store.Keys);
    }

    /// <summary>A small file is renamed by sending what is in memory, which does not tell that its name is gone.</summary>
    [PosixFact]
    public async Task A_file_that_is_gone_is_renamed_nowhere()
    {
        await Mount.Write("read", [1]);
        await Mount.Write("target", [2]);
        Assert.Equal([1], await Mount.Read("read"));
        Mount.Pass(0.1);
        Store.DeleteForeign("read");
        await Fails.With(FsError.NotFound, () => Mount.Rename("read", "target"));
        await Fails.With(FsError.NotFound, () => Mount.Rename("read", "other"));
        Assert.Equal(["target"], Store.Keys);
        Assert.Equal([2], Store["target"].Data);
    }

    /// <summary>For a kernel a node of another type is another inode: what is written must not go into the link's target.</summary>
    [PosixFact]
    public async Task A_file_that_became_a_link_is_not_written_to()
    {
        await IsNotWrittenTo("a", isListed: false, isTruncated: false);
        await IsNotWrittenTo("b", isListed: false, isTruncated: true);
    }

    [PosixFact]
    public async Task A_file_that_a_listing_showed_and_that_became_a_link_is_not_written_to()
    {
        await IsNotWrittenTo("a", isListed: true, isTruncated: false);
        await IsNotWrittenTo("b", isListed: true, isTruncated: true);
    }

    private async Task IsNotWrittenTo(string name, bool isListed, bool isTruncated)
    {
        await Mount.Write(name, [1, 2, 3]);
        var inode = await Mount.InodeOf(name);
        await MountAgain().Unlink(name);
        await MountAgain().Link("elsewhere", name);
        Mount.Pass(0.1);
        if (isListed)
        {
            Mount.Pass();
            await Mount.List();
        }
        await Fails.With(FsError.Stale, async () =>
        {
            if (isTruncated)
            {
                await Mount.Files.SetAttributesAsync(inode, null, new AttributeChange { Size = 1 }, Mount.User, default);
            }
            else
            {
                await Mount.Files.OpenAsync(inode, OpenFlags.Write | OpenFlags.Truncate, Kernel, default);
            }
        });
        Assert.Equal(FileType.SymbolicLink, (await Mount.Stat(name)).Mode & FileType.Mask);
        Assert.NotEqual(inode, await Mount.InodeOf(name));
    }

    [PosixFact]
    public async Task Attributes_of_a_directory_that_is_gone_do_not_make_it_again()
    {
        Store.PutForeign("d/a", [1]);
        await Mount.InodeOf("d");
        Store.DeleteForeign("d/a");
        Store.PutForeign("d", [2]);
        await Mount.Change("d", new AttributeChange { Mode = 0x1C0 });
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(["d"], Store.Keys);
    }

    /// <summary>The limit: nobody asks whether a directory that was there a moment ago still is.</summary>
    [PosixFact]
    public async Task A_directory_that_is_gone_comes_back_by_what_is_made_in_it()
    {
        await Mount.MakeDirectory("d");
        Store.DeleteForeign("d/");
        await Mount.Write("d/a", [1]);
        Assert.Equal([1], Store["d/a"].Data);
        Mount.Pass();
        Assert.Equal(["a"], await Mount.List("d"));
    }

    /// <summary>Linux decides by a lookup whether a name is taken: for O_EXCL, mkdir(2) and the like it asks even while the entry is valid.</summary>
    [Fact]
    public async Task A_kernel_that_doubts_an_entry_is_told_how_it_is()
    {
        for (var i = 0; i < 40; i++)
        {
            Store.PutForeign($"d/{i:D2}", [1]);
        }
        await Mount.MakeDirectory("d/sub");
        await Mount.List("d");
        var directory = await Mount.InodeOf("d");
        foreach (var name in new[] { "07", "sub" })
        {
            // By the listing; then by what was told.
            for (var i = 0; i < 2; i++)
            {
                await LookUp(directory, name);
                Mount.Pass(0.3);
            }
            Store.DeleteForeign(name == "sub" ? "d/sub/" : "d/" + name);
            await Fails.With(FsError.NotFound, () => LookUp(directory, name));
        }
        Store.DeleteForeign("d/30");
        await Fails.With(FsError.NotFound, () => LookUp(directory, "30"));
        Store.PutForeign("d/30", [1]);
        Mount.Pass(0.3);
        await LookUp(directory, "30");
    }

    /// <summary>A shell with noclobber asks by stat(2) whether a file is there; of one that was just written Linux asks for the attributes.</summary>
    [Fact]
    public async Task Attributes_of_a_file_written_here_tell_whether_it_is_still_there()
    {
        var (entry, file) = await Mount.Files.CreateAsync(IFileSystem.RootInode, Mount.Bytes("a"), 0x1A4, OpenFlags.Write, Kernel, default);
        await Mount.WriteAt(file.Handle, 0, [1]);
        await Mount.Close(file.Handle);
        Mount.Pass(0.3);
        Assert.Equal(1, (await Mount.Files.GetAttributesAsync(entry.Attributes.Inode, null, default)).Size);
        Mount.Pass(0.3);
        Store.DeleteForeign("a");
        await Fails.With(FsError.Stale, async () => await Mount.Files.GetAttributesAsync(entry.Attributes.Inode, null, default));
    }

    private async Task LookUp(ulong directory, string name) => await Mount.Files.LookupAsync(directory, Mount.Bytes(name), Kernel, default);
}
