using SseCFs.Tests.Support;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Tests.Support;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <content>What is kept of a file beside its content.</content>
public abstract partial class DriveTests
{
    private const ulong SomeTime = 133_444_736_001_234_567;

    [Fact]
    public async Task Times_and_attributes_last_over_a_remount()
    {
        await MakeFolderAsync(@"\d");
        await WriteAsync(@"\a", [1]);
        foreach (var path in new[] { @"\d", @"\a" })
        {
            var file = await Drive.OpenAsync(path, Access.WriteAttributes);
            await Drive.SetInfoAsync(file, IoAttributes.Hidden | IoAttributes.System, SomeTime, SomeTime + 1, SomeTime + 2);
            await Drive.CloseAsync(file);
        }
        await RemountAsync();
        foreach (var path in new[] { @"\d", @"\a" })
        {
            var file = await Drive.OpenAsync(path, Access.ReadAttributes);
            var info = await Drive.InfoAsync(file);
            await Drive.CloseAsync(file);
            Assert.Equal((SomeTime, SomeTime + 1, SomeTime + 2), (info.CreationTime, info.LastAccessTime, info.LastWriteTime));
            var expected = IoAttributes.Hidden | IoAttributes.System | IoAttributes.NotContentIndexed | (path == @"\d" ? IoAttributes.Directory : 0);
            Assert.Equal(expected, (IoAttributes)info.FileAttributes);
        }
    }

    [Fact]
    public async Task A_file_remembers_when_it_was_made()
    {
        var (file, _) = await Drive.CreateAsync(@"\a", Disposition.Create);
        var made = (await Drive.InfoAsync(file)).CreationTime;
        await Drive.CloseAsync(file);
        await Task.Delay(50);
        await WriteAsync(@"\a", [1]);
        await RemountAsync();
        file = await Drive.OpenAsync(@"\a", Access.ReadAttributes);
        var info = await Drive.InfoAsync(file);
        await Drive.CloseAsync(file);
        Assert.Equal(made, info.CreationTime);
        Assert.True(info.LastWriteTime > made);
        Assert.Equal(IoAttributes.Archive | IoAttributes.NotContentIndexed, (IoAttributes)info.FileAttributes);
    }

    [Fact]
    public async Task What_is_overwritten_gets_the_new_attributes_and_loses_the_extended_ones()
    {
        var (file, _) = await Drive.CreateAsync(@"\a", Disposition.Create, attributes: IoAttributes.Hidden);
        await Drive.SetExtendedAsync(file, ("ONE", [1]));
        await Drive.CloseAsync(file);
        var extended = new byte[64];
        var size = EaList.Encode([("TWO", [2])], extended);
        (file, _) = await Drive.CreateAsync(@"\a", Disposition.Overwrite, attributes: IoAttributes.System, extended: extended[..size]);
        Assert.Equal(["TWO"], (await Drive.ExtendedAsync(file)).Select(one => one.Name));
        Assert.Equal(IoAttributes.Hidden | IoAttributes.System | IoAttributes.Archive, (IoAttributes)(await Drive.InfoAsync(file)).FileAttributes & ~IoAttributes.NotContentIndexed);
        await Drive.CloseAsync(file);
        (file, _) = await Drive.CreateAsync(@"\a", Disposition.Supersede, attributes: IoAttributes.Normal);
        Assert.Equal(IoAttributes.Archive, (IoAttributes)(await Drive.InfoAsync(file)).FileAttributes & ~IoAttributes.NotContentIndexed);
        await Drive.CloseAsync(file);
    }

    [Fact]
    public async Task Extended_attributes_ignore_case_and_last_over_a_remount()
    {
        await WriteAsync(@"\a", [1]);
        var file = await Drive.OpenAsync(@"\a");
        Assert.Empty(await Drive.ExtendedAsync(file));
        await Drive.SetExtendedAsync(file, ("Colour", [1, 2]), ("SIZE", [3]));
        await Drive.SetExtendedAsync(file, ("COLOUR", [4]), ("SIZE", []), ("NONE", []));
        await Drive.CloseAsync(file);
        await RemountAsync();
        file = await Drive.OpenAsync(@"\a");
        var (name, value) = Assert.Single(await Drive.ExtendedAsync(file));
        Assert.Equal("Colour", name);
        Assert.Equal([4], value);
        Assert.Equal(16u, (await Drive.InfoAsync(file)).EaSize);
        Assert.Empty(await StandIn.ExtendedAsync(file, room: 4));
        await RefusedAsync(STATUS_EA_TOO_LARGE, () => Drive.SetExtendedAsync(file, ("BIG", new byte[4000])));
        await Drive.CloseAsync(file);
        // As Linux sees it.
        var inode = (await Posix.LookupAsync(IFileSystem.RootInode, "a"u8.ToArray(), Mount.User, default)).Attributes.Inode;
        var seen = (await Posix.ListExtendedAttributesAsync(inode, default)).ToArray();
        Assert.Equal("user.Colour\0"u8, seen);
    }

    [Fact]
    public async Task Sizes_are_set_and_reserved()
    {
        await WriteAsync(@"\a", Mount.Content(10_000));
        var file = await Drive.OpenAsync(@"\a");
        Assert.Equal(10_000ul, (await Drive.SetSizeAsync(file, 1 << 20, isAllocation: true)).FileSize);
        Assert.Equal(5_000ul, (await Drive.SetSizeAsync(file, 5_000, isAllocation: true)).FileSize);
        var info = await Drive.SetSizeAsync(file, 6_000);
        Assert.Equal((6_000ul, 8_192ul), (info.FileSize, info.AllocationSize));
        await Drive.CloseAsync(file);
        await RemountAsync();
        byte[] expected = [.. Mount.Content(10_000)[..5_000], .. new byte[1_000]];
        Assert.Equal(expected, await ReadAsync(@"\a"));
    }

    [Fact]
    public async Task Writing_is_inside_appended_or_of_whole_pages()
    {
        await WriteAsync(@"\a", Mount.Content(5_000));
        var file = await Drive.OpenAsync(@"\a");
        Assert.Equal(5_003ul, (await Drive.WriteAsync(file, 0, [1, 2, 3], append: true)).FileSize);
        Assert.Equal(5_003ul, (await StandIn.WritePagesAsync(file, 4096, new byte[4096])).FileSize);
        Assert.Equal(5_003ul, (await StandIn.WritePagesAsync(file, 8192, new byte[4096])).FileSize);
        Assert.Equal(5_010ul, (await Drive.WriteAsync(file, 5_008, [7, 8])).FileSize);
        Assert.Empty(await Drive.ReadAsync(file, 5_010, 100));
        Assert.Equal([7, 8], await Drive.ReadAsync(file, 5_008, 100));
        await Drive.FlushAsync(file);
        await Drive.FlushAsync(null);
        await Drive.CloseAsync(file);
        byte[] expected = [.. Mount.Content(5_000)[..4096], .. new byte[5_008 - 4096], 7, 8];
        Assert.Equal(expected, await ReadAsync(@"\a"));
    }

    [Fact]
    public async Task Rights_are_the_modes_and_change_it()
    {
        await WriteAsync(@"\a", [1]);
        var inode = (await Posix.LookupAsync(IFileSystem.RootInode, "a"u8.ToArray(), Mount.User, default)).Attributes.Inode;
        await Posix.SetAttributesAsync(inode, null, new AttributeChange { Mode = 0x1A4 }, Mount.User, default);
        var file = await Drive.OpenAsync(@"\a");
        var user = SecurityIds.OfUid(1000);
        // Nobody else gets in: the group's and others' bits are not shown, and stay.
        Assert.Equal(0x180u, SecurityDescriptor.ModeOf(await StandIn.SecurityAsync(file), user, SecurityIds.Users));
        await StandIn.SetSecurityAsync(file, 4, SecurityDescriptor.Of(FileType.Regular | 0x100, user, SecurityIds.Users, allowOthers: false));
        Assert.Equal(0x180u, (await Posix.GetAttributesAsync(inode, null, default)).Mode & 0x1FF & ~0x24u);
        await StandIn.SetSecurityAsync(file, 2, SecurityDescriptor.Of(FileType.Regular | 0x1C0, user, SecurityIds.Users, allowOthers: false));
        Assert.Equal(0x1E4u, (await Posix.GetAttributesAsync(inode, null, default)).Mode & 0x1FF);
        await StandIn.SetSecurityAsync(file, 4 | 8, SecurityDescriptor.Of(FileType.Regular, SecurityIds.OfUid(33), SecurityIds.OfGid(44), allowOthers: false));
        var attributes = await Posix.GetAttributesAsync(inode, null, default);
        Assert.Equal((33u, 44u), (attributes.Uid, attributes.Gid));
        await RefusedAsync(STATUS_INVALID_OWNER, () => StandIn.SetSecurityAsync(file, 4, SecurityDescriptor.Of(FileType.Regular, SecurityIds.Everyone, SecurityIds.Users, allowOthers: false)));
        await Drive.CloseAsync(file);
    }

    [Fact]
    public async Task New_files_and_folders_get_what_umask_leaves()
    {
        Options = Options with { Umask = 0x17 };
        await RemountAsync();
        await WriteAsync(@"\a", [1]);
        await MakeFolderAsync(@"\d");
        Assert.Equal(0x1A0u, (await Posix.LookupAsync(IFileSystem.RootInode, "a"u8.ToArray(), Mount.User, default)).Attributes.Mode & 0x1FF);
        Assert.Equal(0x1E8u, (await Posix.LookupAsync(IFileSystem.RootInode, "d"u8.ToArray(), Mount.User, default)).Attributes.Mode & 0x1FF);
    }

    [Fact]
    public async Task A_descriptor_given_for_all_is_every_files_and_stays()
    {
        Options = Options with { Security = SecurityDescriptor.Of(FileType.Regular | 0x1FF, SecurityIds.Everyone, SecurityIds.Users, allowOthers: true) };
        await RemountAsync();
        await WriteAsync(@"\a", [1]);
        var file = await Drive.OpenAsync(@"\a");
        Assert.Equal(Options.Security, await StandIn.SecurityAsync(file));
        await RefusedAsync(STATUS_ACCESS_DENIED, () => StandIn.SetSecurityAsync(file, 2, Options.Security!));
        await Drive.CloseAsync(file);
    }

    [Fact]
    public async Task A_read_only_drive_refuses_every_change_and_offers_no_right_to_it()
    {
        await WriteAsync(@"\a", [1]);
        await MakeFolderAsync(@"\d");
        Options = Options with { IsReadOnly = true };
        await RemountAsync();
        Assert.Equal([1], await ReadAsync(@"\a"));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => WriteAsync(@"\b", [1]));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => Drive.OpenAsync(@"\a", Access.WriteData));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => MakeFolderAsync(@"\e"));
        var file = await Drive.OpenAsync(@"\a", Access.ReadData);
        Assert.Equal(0x100u, SecurityDescriptor.ModeOf(await StandIn.SecurityAsync(file), SecurityIds.OfUid(1000), SecurityIds.Users));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => Drive.SetDeleteAsync(file));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => Drive.RenameAsync(file, @"\b"));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => Drive.SetInfoAsync(file, IoAttributes.Hidden));
        await RefusedAsync(STATUS_MEDIA_WRITE_PROTECTED, () => Drive.SetSizeAsync(file, 0));
        file.IsModified = false;
        await Drive.CloseAsync(file);
        Assert.Equal(["a", "d"], await ListAsync());
    }

    [Fact]
    public async Task Symbolic_links_lead_on_and_are_made_and_unmade()
    {
        await MakeFolderAsync(@"\d");
        await WriteAsync(@"\d\a", [1]);
        await Posix.MakeSymbolicLinkAsync(IFileSystem.RootInode, "here"u8.ToArray(), "d/a"u8.ToArray(), Mount.User, default);
        await Posix.MakeSymbolicLinkAsync(IFileSystem.RootInode, "way"u8.ToArray(), "./d"u8.ToArray(), Mount.User, default);
        await Posix.MakeSymbolicLinkAsync(IFileSystem.RootInode, "top"u8.ToArray(), "/d"u8.ToArray(), Mount.User, default);
        await Posix.MakeSymbolicLinkAsync(IFileSystem.RootInode, "loop"u8.ToArray(), "loop"u8.ToArray(), Mount.User, default);
        Assert.Equal([1], await ReadAsync(@"\here"));
        Assert.Equal([1], await ReadAsync(@"\WAY\a"));
        Assert.Equal([1], await ReadAsync(@"\top\A"));
        await WriteAsync(@"\way\b", [2]);
        Assert.Equal([2], await ReadAsync(@"\d\b"));
        await RefusedAsync(NtStatuses.ReparsePointNotResolved, () => Drive.OpenAsync(@"\loop"));
        var link = await Drive.OpenAsync(@"\here", Access.ReadAttributes, FILE_OPEN_REPARSE_POINT);
        var info = await Drive.InfoAsync(link);
        Assert.Equal((0xA000000Cu, 0ul), (info.ReparseTag, info.FileSize));
        Assert.NotEqual(0u, info.FileAttributes & (uint)IoAttributes.ReparsePoint);
        Assert.Equal(@"d\a", SymbolicLinkData.Decode(await Drive.LinkAsync(link)));
        await Drive.RemoveLinkAsync(link);
        await RefusedAsync(STATUS_NOT_A_REPARSE_POINT, () => Drive.LinkAsync(link));
        await Drive.CloseAsync(link);
        Assert.Empty(await ReadAsync(@"\here"));
        foreach (var (path, options) in new[] { (@"\file link", 0u), (@"\folder link", FILE_DIRECTORY_FILE) })
        {
            var (made, _) = await Drive.CreateAsync(path, Disposition.Create, options);
            await Drive.SetLinkAsync(made, SymbolicLinkData.Encode(@"d\a"));
            await Drive.CloseAsync(made);
        }
        await RemountAsync();
        Assert.Equal([1], await ReadAsync(@"\file link"));
        Assert.Equal([1], await ReadAsync(@"\folder link"));
        var inode = (await Posix.LookupAsync(IFileSystem.RootInode, "file link"u8.ToArray(), Mount.User, default)).Attributes.Inode;
        var target = (await Posix.ReadLinkAsync(inode, default)).ToArray();
        Assert.Equal("d/a"u8, target);
        await WriteAsync(@"\full", [1]);
        var full = await Drive.OpenAsync(@"\full");
        await RefusedAsync(STATUS_IO_REPARSE_DATA_INVALID, () => Drive.SetLinkAsync(full, SymbolicLinkData.Encode("x")));
        await Drive.CloseAsync(full);
        Assert.Equal([1], await ReadAsync(@"\full"));
    }

    [Fact]
    public async Task Nodes_of_other_systems_are_seen_and_not_opened()
    {
        await Posix.MakeNodeAsync(IFileSystem.RootInode, "fifo"u8.ToArray(), FileType.Fifo | 0x1A4, device: 0, Mount.User, default);
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.OpenAsync(@"\fifo"));
        var node = await Drive.OpenAsync(@"\fifo", Access.ReadAttributes);
        Assert.NotEqual(0u, (await Drive.InfoAsync(node)).FileAttributes & (uint)IoAttributes.System);
        await Drive.CloseAsync(node);
    }
}
