using SseCFs.Tests.Support;
using SseCFs.WinFsp.Tests.Support;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <content>From a name to a handle, and to its end.</content>
public abstract partial class DriveTests
{
    [Theory]
    [InlineData(Disposition.Supersede, STATUS_SUCCESS, 0)]
    [InlineData(Disposition.Open, STATUS_SUCCESS, 3)]
    [InlineData(Disposition.Create, STATUS_OBJECT_NAME_COLLISION, 3)]
    [InlineData(Disposition.OpenIf, STATUS_SUCCESS, 3)]
    [InlineData(Disposition.Overwrite, STATUS_SUCCESS, 0)]
    [InlineData(Disposition.OverwriteIf, STATUS_SUCCESS, 0)]
    internal async Task A_file_that_is_there(Disposition disposition, int status, int size)
    {
        await WriteAsync(@"\a", [1, 2, 3]);
        if (status != STATUS_SUCCESS)
        {
            await RefusedAsync(status, () => Drive.CreateAsync(@"\a", disposition));
        }
        else
        {
            var (file, isNew) = await Drive.CreateAsync(@"\A", disposition);
            Assert.False(isNew);
            Assert.Equal(@"\a", file.Path);
            Assert.Equal((ulong)size, (await Drive.InfoAsync(file)).FileSize);
            await Drive.CloseAsync(file);
        }
        Assert.Equal(size, (await ReadAsync(@"\a")).Length);
    }

    [Theory]
    [InlineData(Disposition.Supersede, STATUS_SUCCESS)]
    [InlineData(Disposition.Open, STATUS_OBJECT_NAME_NOT_FOUND)]
    [InlineData(Disposition.Create, STATUS_SUCCESS)]
    [InlineData(Disposition.OpenIf, STATUS_SUCCESS)]
    [InlineData(Disposition.Overwrite, STATUS_OBJECT_NAME_NOT_FOUND)]
    [InlineData(Disposition.OverwriteIf, STATUS_SUCCESS)]
    internal async Task A_file_that_is_not_there(Disposition disposition, int status)
    {
        if (status != STATUS_SUCCESS)
        {
            await RefusedAsync(status, () => Drive.CreateAsync(@"\a", disposition));
            Assert.Empty(await ListAsync());
            return;
        }
        var (file, isNew) = await Drive.CreateAsync(@"\New", disposition);
        Assert.True(isNew);
        await Drive.CloseAsync(file);
        await RemountAsync();
        Assert.Equal(["New"], await ListAsync());
    }

    [Theory]
    [InlineData(Disposition.Supersede)]
    [InlineData(Disposition.Open)]
    [InlineData(Disposition.OpenIf)]
    [InlineData(Disposition.Overwrite)]
    internal async Task A_way_that_is_not_there(Disposition disposition)
    {
        await WriteAsync(@"\a", [1]);
        await RefusedAsync(STATUS_OBJECT_PATH_NOT_FOUND, () => Drive.CreateAsync(@"\none\b", disposition));
        await RefusedAsync(STATUS_OBJECT_PATH_NOT_FOUND, () => Drive.CreateAsync(@"\a\b", disposition));
    }

    [Fact]
    public async Task A_folder_is_no_file_and_a_file_no_folder()
    {
        await MakeFolderAsync(@"\d");
        await WriteAsync(@"\a", [1]);
        await RefusedAsync(STATUS_FILE_IS_A_DIRECTORY, () => Drive.OpenAsync(@"\d", options: FILE_NON_DIRECTORY_FILE));
        await RefusedAsync(STATUS_FILE_IS_A_DIRECTORY, () => Drive.CreateAsync(@"\d", Disposition.Create, FILE_NON_DIRECTORY_FILE));
        await RefusedAsync(STATUS_NOT_A_DIRECTORY, () => Drive.OpenAsync(@"\a", options: FILE_DIRECTORY_FILE));
        await RefusedAsync(STATUS_OBJECT_NAME_COLLISION, () => MakeFolderAsync(@"\D"));
        var folder = await Drive.OpenAsync(@"\d");
        await RefusedAsync(STATUS_INVALID_PARAMETER, () => Drive.ReadAsync(folder, 0, 1));
        await Drive.CloseAsync(folder);
    }

    [Fact]
    public async Task Named_streams_are_refused()
    {
        await WriteAsync(@"\a", [1]);
        await RefusedAsync(STATUS_OBJECT_NAME_INVALID, () => Drive.CreateAsync(@"\a:Zone.Identifier", Disposition.OpenIf));
        await RefusedAsync(STATUS_OBJECT_NAME_INVALID, () => Drive.OpenAsync(@"\a:Zone.Identifier"));
        Assert.Equal(["a"], await ListAsync());
    }

    [Fact]
    public async Task What_is_to_be_deleted_goes_with_its_last_handle()
    {
        await WriteAsync(@"\a", [1, 2]);
        var one = await Drive.OpenAsync(@"\a");
        var two = await Drive.OpenAsync(@"\a");
        await Drive.SetDeleteAsync(one);
        await RefusedAsync(NtStatuses.DeletePending, () => Drive.OpenAsync(@"\a"));
        await Drive.CloseAsync(one);
        Assert.Equal([1, 2], await Drive.ReadAsync(two, 0, 10));
        Assert.Equal(["a"], await ListAsync());
        await Drive.CloseAsync(two);
        Assert.Empty(await ListAsync());
        await RemountAsync();
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task A_deletion_can_be_taken_back()
    {
        await WriteAsync(@"\a", [1]);
        var file = await Drive.OpenAsync(@"\a");
        await Drive.SetDeleteAsync(file);
        await Drive.SetDeleteAsync(file, isToGo: false);
        await Drive.CloseAsync(file);
        Assert.Equal([1], await ReadAsync(@"\a"));
    }

    [Fact]
    public async Task By_POSIX_rules_a_name_goes_at_once_and_its_content_with_the_handles()
    {
        await WriteAsync(@"\a", [1, 2]);
        var reader = await Drive.OpenAsync(@"\a", Access.ReadData);
        await Drive.DeletePosixAsync(await Drive.OpenAsync(@"\a"));
        Assert.Empty(await ListAsync());
        await WriteAsync(@"\a", [3]);
        Assert.Equal([1, 2], await Drive.ReadAsync(reader, 0, 10));
        await Drive.CloseAsync(reader);
        Assert.Equal([3], await ReadAsync(@"\a"));
    }

    [Fact]
    public async Task A_file_that_is_deleted_on_close_is_never_stored()
    {
        var (file, _) = await Drive.CreateAsync(@"\~temp", Disposition.OpenIf, FILE_DELETE_ON_CLOSE);
        await Drive.WriteAsync(file, 0, [1, 2, 3]);
        Assert.Equal([2, 3], await Drive.ReadAsync(file, 1, 10));
        await Drive.CloseAsync(file);
        await RemountAsync();
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task Folders_are_deleted_when_they_are_empty()
    {
        await MakeFolderAsync(@"\d");
        await WriteAsync(@"\d\a", [1]);
        var folder = await Drive.OpenAsync(@"\d");
        await RefusedAsync(STATUS_DIRECTORY_NOT_EMPTY, () => Drive.SetDeleteAsync(folder));
        var file = await Drive.OpenAsync(@"\d\a");
        await Drive.SetDeleteAsync(file);
        await Drive.CloseAsync(file);
        await Drive.SetDeleteAsync(folder);
        await Drive.CloseAsync(folder);
        Assert.Empty(await ListAsync());
        var root = await Drive.OpenAsync(@"\");
        await RefusedAsync(STATUS_CANNOT_DELETE, () => Drive.SetDeleteAsync(root));
        await Drive.CloseAsync(root);
    }

    [Fact]
    public async Task A_read_only_file_is_neither_written_nor_deleted()
    {
        var (file, _) = await Drive.CreateAsync(@"\a", Disposition.Create, attributes: IoAttributes.ReadOnly);
        await Drive.WriteAsync(file, 0, [1]);
        await RefusedAsync(STATUS_CANNOT_DELETE, () => Drive.SetDeleteAsync(file));
        await Drive.CloseAsync(file);
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.OpenAsync(@"\a", Access.WriteData));
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.CreateAsync(@"\a", Disposition.Overwrite, access: Access.ReadData));
        await RefusedAsync(STATUS_CANNOT_DELETE, () => Drive.OpenAsync(@"\a", Access.Delete, FILE_DELETE_ON_CLOSE));
        Assert.Equal([1], await ReadAsync(@"\a"));
        file = await Drive.OpenAsync(@"\a", Access.WriteAttributes);
        await Drive.SetInfoAsync(file, IoAttributes.Normal);
        await Drive.SetDeleteAsync(file);
        await Drive.CloseAsync(file);
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task Who_shares_nothing_is_alone()
    {
        var (file, _) = await Drive.CreateAsync(@"\a", Disposition.Create, share: FileShare.Read, access: Access.WriteData);
        await Drive.WriteAsync(file, 0, [1]);
        await RefusedAsync(NtStatuses.SharingViolation, () => Drive.OpenAsync(@"\A", Access.WriteData));
        // What a refused overwrite would have overwritten is still there.
        await RefusedAsync(NtStatuses.SharingViolation, () => Drive.CreateAsync(@"\a", Disposition.OverwriteIf, access: Access.WriteData));
        var reader = await Drive.OpenAsync(@"\a", Access.ReadData);
        Assert.Equal([1], await Drive.ReadAsync(reader, 0, 10));
        await Drive.CloseAsync(reader);
        await Drive.CloseAsync(file);
    }

    [Fact]
    public async Task A_rename_replaces_only_when_it_may()
    {
        await WriteAsync(@"\a", [1]);
        await WriteAsync(@"\b", [2]);
        await MakeFolderAsync(@"\d");
        var file = await Drive.OpenAsync(@"\a");
        await RefusedAsync(STATUS_OBJECT_NAME_COLLISION, () => Drive.RenameAsync(file, @"\B"));
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.RenameAsync(file, @"\d", replaces: true));
        await RefusedAsync(STATUS_OBJECT_PATH_NOT_FOUND, () => Drive.RenameAsync(file, @"\none\a"));
        var open = await Drive.OpenAsync(@"\b", Access.ReadData);
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.RenameAsync(file, @"\b", replaces: true));
        await Drive.RenameAsync(file, @"\B", replaces: true, isPosix: true);
        Assert.Equal([2], await Drive.ReadAsync(open, 0, 10));
        await Drive.CloseAsync(open);
        await Drive.CloseAsync(file);
        await RemountAsync();
        Assert.Equal(["b", "d"], await ListAsync());
        Assert.Equal([1], await ReadAsync(@"\b"));
    }

    [Fact]
    public async Task A_rename_may_change_nothing_but_the_case_of_letters()
    {
        await WriteAsync(@"\readme.txt", [1]);
        await MakeFolderAsync(@"\docs");
        await WriteAsync(@"\docs\a", [2]);
        foreach (var (from, to) in new[] { (@"\readme.txt", @"\README.txt"), (@"\DOCS", @"\Docs"), (@"\docs\a", @"\dOCS\A") })
        {
            var file = await Drive.OpenAsync(from);
            await Drive.RenameAsync(file, to);
            await Drive.CloseAsync(file);
        }
        await RemountAsync();
        Assert.Equal(["Docs", "README.txt"], await ListAsync());
        Assert.Equal([".", "..", "A"], await ListAsync(@"\docs"));
        Assert.Equal([2], await ReadAsync(@"\docs\a"));
    }

    [Fact]
    public async Task A_folder_moves_with_what_is_in_it_unless_that_is_open()
    {
        await MakeFolderAsync(@"\d");
        await MakeFolderAsync(@"\d\e");
        await WriteAsync(@"\d\e\a", Mount.Content(70_000));
        var file = await Drive.OpenAsync(@"\d\e\a", Access.ReadData);
        var folder = await Drive.OpenAsync(@"\d");
        await RefusedAsync(STATUS_ACCESS_DENIED, () => Drive.RenameAsync(folder, @"\moved"));
        await Drive.CloseAsync(file);
        await Drive.RenameAsync(folder, @"\moved");
        await Drive.CloseAsync(folder);
        await RemountAsync();
        Assert.Equal(["moved"], await ListAsync());
        Assert.Equal(Mount.Content(70_000), await ReadAsync(@"\moved\e\a"));
    }

    /// <summary>CREATE_NEW is how programs of Windows lock: on any machine, one gets the name.</summary>
    [Fact]
    public async Task Who_creates_a_name_has_it_at_once()
    {
        var (file, _) = await Drive.CreateAsync(@"\~$letter.docx", Disposition.Create, FILE_DELETE_ON_CLOSE, share: FileShare.Read);
        var page = await service.Store.ListAsync(_prefix, null, null, 10, default);
        Assert.Equal([_prefix + "~$letter.docx"], page.Objects.Select(o => o.Key));
        await Drive.CloseAsync(file);
        Assert.Empty((await service.Store.ListAsync(_prefix, null, null, 10, default)).Objects);
    }

    /// <summary>As Word saves: a new file beside, the old one aside, the new one in its place, the old one gone; attributes and times carried over.</summary>
    [Fact]
    public async Task Word_saves_a_document()
    {
        await WriteAsync(@"\letter.docx", Mount.Content(30_000));
        for (var save = 1; save <= 3; save++)
        {
            var (owner, _) = await Drive.CreateAsync(@"\~$letter.docx", Disposition.OverwriteIf, FILE_DELETE_ON_CLOSE, attributes: IoAttributes.Hidden);
            await Drive.WriteAsync(owner, 0, [5]);
            var (temp, _) = await Drive.CreateAsync($@"\~WRD000{save}.tmp", Disposition.Create);
            await Drive.WriteAsync(temp, 0, Mount.Content(30_000, save));
            await Drive.FlushAsync(temp);
            await Drive.CloseAsync(temp);
            var old = await Drive.OpenAsync(@"\letter.docx", Access.Delete | Access.ReadAttributes);
            var created = (await Drive.InfoAsync(old)).CreationTime;
            await Drive.RenameAsync(old, $@"\~WRL000{save}.tmp");
            var fresh = await Drive.OpenAsync($@"\~WRD000{save}.tmp", Access.Delete | Access.WriteAttributes);
            await Drive.RenameAsync(fresh, @"\letter.docx");
            await Drive.SetInfoAsync(fresh, created: created);
            await Drive.CloseAsync(fresh);
            await Drive.SetDeleteAsync(old);
            await Drive.CloseAsync(old);
            await Drive.CloseAsync(owner);
            Assert.Equal(["letter.docx"], await ListAsync());
            Assert.Equal(Mount.Content(30_000, save), await ReadAsync(@"\letter.docx"));
        }
        await RemountAsync();
        Assert.Equal(["letter.docx"], await ListAsync());
        Assert.Equal(Mount.Content(30_000, 3), await ReadAsync(@"\letter.docx"));
    }
}
