using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

public sealed class MetadataRules : MountTest
{
    private static readonly byte[] Name = "user.note"u8.ToArray();

    [Fact]
    public async Task Owner_mode_and_times_last_over_a_remount()
    {
        await Mount.Write("a", [1]);
        await Mount.MakeDirectory("d");
        var change = new AttributeChange
        {
            Mode = 0x1C0,
            Uid = 5,
            Gid = 6,
            AccessTime = new Timestamp(1_000_000, 123_456_789),
            ModifyTime = new Timestamp(-5, 1),
        };
        foreach (var path in new[] { "a", "d" })
        {
            await Mount.Change(path, change);
        }
        await Mount.Remount();
        foreach (var (path, type) in new[] { ("a", FileType.Regular), ("d", FileType.Directory) })
        {
            var found = await Mount.Stat(path);
            Assert.Equal((type | 0x1C0, 5u, 6u), (found.Mode, found.Uid, found.Gid));
            Assert.Equal((new Timestamp(1_000_000, 123_456_789), new Timestamp(-5, 1)), (found.AccessTime, found.ModifyTime));
        }
    }

    [Fact]
    public async Task The_roots_own_mode_and_owner_last_as_long_as_the_mount()
    {
        var before = await Mount.Stat("");
        await Mount.Change("", new AttributeChange { Mode = 0x1C0, Uid = 5 });
        var changed = await Mount.Stat("");
        Assert.Equal((FileType.Directory | 0x1C0, 5u), (changed.Mode, changed.Uid));
        await Mount.Remount();
        var after = await Mount.Stat("");
        Assert.Equal((before.Mode, before.Uid), (after.Mode, after.Uid));
    }

    [Fact]
    public async Task Links_and_nodes_last_over_a_remount()
    {
        await Mount.Link("over/there", "link");
        await Mount.Files.MakeNodeAsync(IFileSystem.RootInode, "fifo"u8.ToArray(), FileType.Fifo | 0x1A4, device: 0, Mount.User, default);
        await Mount.Files.MakeNodeAsync(IFileSystem.RootInode, "null"u8.ToArray(), FileType.CharacterDevice | 0x1B6, device: 0x103, Mount.User, default);
        await Mount.Files.MakeNodeAsync(IFileSystem.RootInode, "disk"u8.ToArray(), FileType.BlockDevice | 0x1B0, device: 0xFFF0_08FF, Mount.User, default);
        await Fails.With(FsError.NotPermitted, async () =>
            await Mount.Files.MakeNodeAsync(IFileSystem.RootInode, "door"u8.ToArray(), 0xD000, device: 0, Mount.User, default));
        await Mount.Change("disk", new AttributeChange { Mode = 0x180 });
        await Mount.Remount();
        Assert.Equal(FileType.SymbolicLink | 0x1FF, (await Mount.Stat("link")).Mode);
        Assert.Equal("over/there"u8.ToArray(), (await Mount.Files.ReadLinkAsync(await Mount.InodeOf("link"), default)).ToArray());
        Assert.Equal(FileType.Fifo | 0x1A4, (await Mount.Stat("fifo")).Mode);
        var (character, block) = (await Mount.Stat("null"), await Mount.Stat("disk"));
        Assert.Equal((FileType.CharacterDevice | 0x1B6, 0x103u), (character.Mode, character.Device));
        Assert.Equal((FileType.BlockDevice | 0x180, 0xFFF0_08FFu), (block.Mode, block.Device));
        Assert.Equal("fff008ff", Store["disk"].Metadata.User["rdev"]);
        await Mount.Write("a", [1]);
        await Fails.With(FsError.InvalidArgument, async () => await Mount.Files.ReadLinkAsync(await Mount.InodeOf("a"), default));
    }

    [Theory]
    [InlineData(4095, true)]
    [InlineData(4096, false)]
    [InlineData(5_000_000, false)]
    public async Task A_link_with_more_content_than_a_target_has_is_an_error_by_its_size_alone(int size, bool isTarget)
    {
        Store.PutForeign("link", [.. Enumerable.Repeat((byte)'a', size)], new Dictionary<string, string> { ["mode"] = $"{FileType.SymbolicLink | 0x1FF}" });
        var inode = await Mount.InodeOf("link");
        Store.Requests.Clear();
        if (isTarget)
        {
            Assert.Equal(size, (await Mount.Files.ReadLinkAsync(inode, default)).Length);
            return;
        }
        await Fails.With(FsError.InputOutput, async () => await Mount.Files.ReadLinkAsync(inode, default));
        Assert.Equal(0, Store.Requests.Count(RequestKind.Get));
        await Fails.With(FsError.NameTooLong, () => Mount.Link(new string('a', size), "made"));
    }

    [Fact]
    public async Task A_set_group_id_directory_hands_down_its_group()
    {
        await Mount.MakeDirectory("d", 0x1FF);
        await Mount.Change("d", new AttributeChange { Gid = 77, Mode = FileType.SetGroupId | 0x1FF });
        await Mount.MakeDirectory("d/e");
        await Mount.Write("d/e/f", [1]);
        var directory = await Mount.Stat("d/e");
        Assert.Equal((77u, FileType.SetGroupId), (directory.Gid, directory.Mode & FileType.SetGroupId));
        var file = await Mount.Stat("d/e/f");
        Assert.Equal((77u, 0u), (file.Gid, file.Mode & FileType.SetGroupId));
    }

    [Fact]
    public async Task Set_id_bits_go_on_write_on_truncate_and_on_chown()
    {
        const uint setIds = FileType.SetUserId | FileType.SetGroupId | 0x1ED;
        foreach (var act in new Func<Task>[]
        {
            async () => await Mount.Change("a", new AttributeChange { Uid = 7 }),
            async () => await Mount.Change("a", new AttributeChange { Size = 0, ClearPrivileges = true }),
            async () =>
            {
                var handle = await Mount.Open("a", OpenFlags.Write);
                await Mount.Files.WriteAsync(handle, 0, new byte[1], false, clearPrivileges: true, default);
                await Mount.Close(handle);
            },
            async () => await Mount.Close(await Mount.Open("a", OpenFlags.Write | OpenFlags.Truncate | OpenFlags.ClearPrivileges)),
        })
        {
            await Mount.Write("a", [1]);
            await Mount.Change("a", new AttributeChange { Mode = setIds });
            Assert.Equal(FileType.Regular | setIds, (await Mount.Stat("a")).Mode);
            await act();
            Assert.Equal(FileType.Regular | 0x1EDu, (await Mount.Stat("a")).Mode);
            await Mount.Remount();
            Assert.Equal(FileType.Regular | 0x1EDu, (await Mount.Stat("a")).Mode);
        }
    }

    [PosixFact]
    public async Task A_file_keeps_the_set_id_bits_that_it_is_made_with()
    {
        const uint setIds = FileType.SetUserId | FileType.SetGroupId | 0x1ED;
        const OpenFlags truncating = OpenFlags.Write | OpenFlags.Truncate | OpenFlags.ClearPrivileges;
        await Mount.Close(await Mount.Create("a", truncating, setIds));
        Assert.Equal(FileType.Regular | setIds, (await Mount.Stat("a")).Mode);
        await Mount.Remount();
        Assert.Equal(FileType.Regular | setIds, (await Mount.Stat("a")).Mode);
        await Mount.Close(await Mount.Create("a", truncating, setIds));
        Assert.Equal(FileType.Regular | 0x1EDu, (await Mount.Stat("a")).Mode);
    }

    /// <summary>A set-group-id bit that the group cannot execute stays for those who are in the group.</summary>
    [Theory]
    [InlineData(0xDB6u, 1000u, 0x5B6u)] // 6666
    [InlineData(0xDB6u, 77u, 0x5B6u)]
    [InlineData(0xDB6u, 78u, 0x1B6u)]
    [InlineData(0x5B6u, 77u, 0x5B6u)] // 2666
    [InlineData(0x5B6u, 78u, 0x1B6u)]
    [InlineData(0xDBEu, 77u, 0x1BEu)] // 6676
    [InlineData(0xDBEu, 78u, 0x1BEu)]
    public async Task Set_group_id_without_execute_depends_on_the_callers_groups(uint mode, uint group, uint left)
    {
        var caller = Mount.User with { HasGroup = (thread, asked) => thread == Mount.User.Thread && asked == 77 };
        foreach (var act in new Func<ulong, Task>[]
        {
            async inode => await Mount.Files.SetAttributesAsync(inode, null, AttributeChange.OfPrivileges, caller, default),
            async inode => await Mount.Files.SetAttributesAsync(inode, null, new AttributeChange { Size = 0, ClearPrivileges = true }, caller, default),
            async inode => await Mount.Files.SetAttributesAsync(inode, null, new AttributeChange { Gid = 1000 }, caller, default),
            async inode => await Mount.Close(
                (await Mount.Files.OpenAsync(inode, OpenFlags.Write | OpenFlags.Truncate | OpenFlags.ClearPrivileges, caller, default)).Handle),
        })
        {
            await Mount.Write("a", [1]);
            await Mount.Change("a", new AttributeChange { Gid = group, Mode = mode });
            await act(await Mount.InodeOf("a"));
            Assert.Equal(FileType.Regular | left, (await Mount.Stat("a")).Mode);
        }
    }

    [Fact]
    public async Task Set_id_bits_are_taken_by_the_owner_or_by_who_writes()
    {
        const uint setIds = FileType.SetUserId | FileType.SetGroupId | 0x1FF;
        var other = new Caller(1001, 1001, 2);
        await Mount.Write("a", [1]);
        var inode = await Mount.InodeOf("a");
        foreach (var (caller, isWritten) in new[] { (other, true), (Mount.User, false), (new Caller(0, 0, 3), false) })
        {
            await Mount.Change("a", new AttributeChange { Mode = setIds });
            var handle = await Mount.Open("a", isWritten ? OpenFlags.Write : OpenFlags.Read);
            await Mount.Files.SetAttributesAsync(inode, null, AttributeChange.OfPrivileges, caller, default);
            Assert.Equal(FileType.Regular | 0x1FFu, (await Mount.Stat("a")).Mode);
            await Mount.Close(handle);
            // Of a file that has none, nobody takes anything.
            await Mount.Files.SetAttributesAsync(inode, null, AttributeChange.OfPrivileges, other, default);
        }
        await Mount.Change("a", new AttributeChange { Mode = setIds });
        await Fails.With(FsError.NotPermitted, async () => await Mount.Files.SetAttributesAsync(inode, null, AttributeChange.OfPrivileges, other, default));
        Assert.Equal(FileType.Regular | setIds, (await Mount.Stat("a")).Mode);
    }

    [Fact]
    public async Task A_node_loses_its_set_id_bits_with_chown_and_a_directory_keeps_them()
    {
        const uint setIds = FileType.SetUserId | FileType.SetGroupId | 0x1ED;
        await Mount.Files.MakeNodeAsync(IFileSystem.RootInode, "fifo"u8.ToArray(), FileType.Fifo | setIds, device: 0, Mount.User, default);
        await Mount.MakeDirectory("d");
        await Mount.Change("d", new AttributeChange { Mode = setIds });
        await Mount.Change("fifo", new AttributeChange { Uid = 7 });
        await Mount.Change("d", new AttributeChange { Uid = 7 });
        Assert.Equal(FileType.Fifo | 0x1EDu, (await Mount.Stat("fifo")).Mode);
        Assert.Equal(FileType.Directory | setIds, (await Mount.Stat("d")).Mode);
    }

    [Fact]
    public async Task Root_keeps_set_id_bits_on_write_and_a_group_bit_without_execution_stays()
    {
        await Mount.Write("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = FileType.SetUserId | FileType.SetGroupId | 0x1A4 });
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.Files.WriteAsync(handle, 0, new byte[1], false, clearPrivileges: false, default);
        Assert.Equal(FileType.Regular | FileType.SetUserId | FileType.SetGroupId | 0x1A4u, (await Mount.Stat("a")).Mode);
        await Mount.Files.WriteAsync(handle, 0, new byte[1], false, clearPrivileges: true, default);
        await Mount.Close(handle);
        Assert.Equal(FileType.Regular | FileType.SetGroupId | 0x1A4u, (await Mount.Stat("a")).Mode);
    }

    [Fact]
    public async Task Extended_attributes_last_over_a_remount_and_a_rename()
    {
        await Mount.Write("a", [1]);
        await Set(Name, [0, 255, 10], ExtendedAttributeMode.Create);
        await Set("user.ünï"u8.ToArray(), [], ExtendedAttributeMode.CreateOrReplace);
        await Mount.Rename("a", "b");
        await Mount.Rename("b", "a");
        await Mount.Remount();
        var inode = await Mount.InodeOf("a");
        Assert.Equal([0, 255, 10], (await Mount.Files.GetExtendedAttributeAsync(inode, Name, default))!.Value.ToArray());
        Assert.Equal("user.note\0user.ünï\0"u8.ToArray(), (await Mount.Files.ListExtendedAttributesAsync(inode, default)).ToArray());
        await Mount.Files.RemoveExtendedAttributeAsync(inode, Name, default);
        Assert.Null(await Mount.Files.GetExtendedAttributeAsync(inode, Name, default));
        await Fails.With(FsError.NoAttribute, async () => await Mount.Files.RemoveExtendedAttributeAsync(inode, Name, default));
    }

    [Fact]
    public async Task Extended_attributes_have_their_limits()
    {
        await Mount.Write("a", [1]);
        await Set(Name, [1], ExtendedAttributeMode.CreateOrReplace);
        await Fails.With(FsError.Exists, () => Set(Name, [2], ExtendedAttributeMode.Create));
        await Fails.With(FsError.NoAttribute, () => Set("user.other"u8.ToArray(), [2], ExtendedAttributeMode.Replace));
        await Fails.With(FsError.NotSupported, () => Set("security.capability"u8.ToArray(), [2], ExtendedAttributeMode.CreateOrReplace));
        await Fails.With(FsError.MetadataTooLarge, () => Set("user.big"u8.ToArray(), new byte[4000], ExtendedAttributeMode.CreateOrReplace));
        var inode = await Mount.InodeOf("a");
        Assert.Equal([1], (await Mount.Files.GetExtendedAttributeAsync(inode, Name, default))!.Value.ToArray());
        Assert.Equal("user.note\0"u8.ToArray(), (await Mount.Files.ListExtendedAttributesAsync(inode, default)).ToArray());
    }

    [Fact]
    public async Task What_is_known_of_an_inode_is_told_without_a_request()
    {
        await Mount.Write("a", [1, 2, 3]);
        await Set(Name, [7], ExtendedAttributeMode.Create);
        await Mount.MakeDirectory("d");
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        var (file, directory) = (await Mount.InodeOf("a"), await Mount.InodeOf("d"));
        var attributes = await Mount.Files.GetAttributesAsync(file, null, default);
        var before = (await Mount.Files.GetAttributesAsync(directory, null, default)).ModifyTime;
        Mount.Pass(100);
        // A listing shows that the directory's attributes have changed, and not to what.
        Store.PutForeign("d/", []);
        await Mount.Files.FindNamesAsync(directory, "x"u8.ToArray(), default);
        Store.Requests.Clear();
        var known = Mount.Files.GetKnown(file);
        Assert.Equal(attributes, known.Attributes);
        var (name, value) = Assert.Single(known.Extended);
        Assert.Equal("user.note", name);
        Assert.Equal([7], value.ToArray());
        var changed = Mount.Files.GetKnown(directory);
        Assert.Equal((true, before), (changed.Attributes.IsDirectory, changed.Attributes.ModifyTime));
        Assert.Empty(changed.Extended);
        Assert.Equal(0, Store.Requests.Total);
    }

    [Fact]
    public async Task What_others_put_beside_ours_is_kept()
    {
        Store.PutForeign("a", [1], new Dictionary<string, string> { ["colour"] = "green", ["mtime"] = "1500000000.5" });
        Assert.Equal(new Timestamp(1_500_000_000, 500_000_000), (await Mount.Stat("a")).ModifyTime);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        await Mount.Rename("a", "b");
        Assert.Equal("green", Store["b"].Metadata.User["colour"]);
        Assert.Equal("1500000000.500000000", Store["b"].Metadata.User["mtime"]);
    }

    [Fact]
    public async Task A_change_in_a_directory_shows_in_its_time_after_a_remount_too()
    {
        await Mount.MakeDirectory("d");
        Mount.Pass(100);
        await Mount.Write("d/a", [1]);
        var changed = (await Mount.Stat("d")).ModifyTime;
        Assert.Equal(Timestamp.From(Clock.GetUtcNow()), changed);
        await Mount.Remount();
        Assert.Equal(changed, (await Mount.Stat("d")).ModifyTime);
    }

    [Fact]
    public async Task Fsync_of_a_directory_stores_the_metadata_in_it()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        await Mount.Change("d/a", new AttributeChange { Mode = 0x180 });
        var handle = await Mount.Files.OpenDirectoryAsync(await Mount.InodeOf("d"), default);
        await Mount.Files.SyncDirectoryAsync(handle, default);
        Mount.Files.ReleaseDirectory(handle);
        Assert.Equal("33152", Store["d/a"].Metadata.User["mode"]);
    }

    [Fact]
    public async Task A_read_only_mount_refuses_every_change()
    {
        await Mount.Write("a", [1]);
        await Mount.MakeDirectory("d");
        await using var mount = new Mount(Store, Clock, new SseFileSystemOptions { IsReadOnly = true });
        Store.Requests.Clear();
        Assert.Equal([1], await mount.Read("a"));
        foreach (var act in new Func<Task>[]
        {
            () => mount.Write("b", [1]),
            () => mount.Open("a", OpenFlags.Write),
            () => mount.Unlink("a"),
            () => mount.Rename("a", "b"),
            () => mount.MakeDirectory("e"),
            () => mount.RemoveDirectory("d"),
            () => mount.Link("t", "l"),
            () => mount.Truncate("a", 0),
            () => mount.Change("a", new AttributeChange { Mode = 0 }),
            async () => await mount.Files.SetExtendedAttributeAsync(await mount.InodeOf("a"), Name, Name, ExtendedAttributeMode.CreateOrReplace, default),
        })
        {
            await Fails.With(FsError.ReadOnly, act);
        }
        Assert.Equal(0, Store.Requests.Count(RequestKind.Put) + Store.Requests.Count(RequestKind.Delete) + Store.Requests.Count(RequestKind.Copy));
    }

    private async Task Set(byte[] name, byte[] value, ExtendedAttributeMode mode) =>
        await Mount.Files.SetExtendedAttributeAsync(await Mount.InodeOf("a"), name, value, mode, default);
}
