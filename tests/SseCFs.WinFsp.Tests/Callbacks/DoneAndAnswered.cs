using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Tests.Support;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Tests.Support;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;
using FileInfo = Fsp.Interop.FileInfo;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <summary>
/// Most of WinFsp's operations answer with the file's attributes. An operation that was done must not be reported as failed because these could not be asked for: a program would
/// do it again, or tell its user that the data is lost.
/// </summary>
public sealed class DoneAndAnswered : MountTest
{
    private static readonly byte[] User = SecurityIds.OfUid(1000);

    private readonly UnansweredFiles _faults;
    private readonly Driver _driver;

    public DoneAndAnswered()
    {
        var (files, faults) = UnansweredFiles.Over(Mount.Files);
        _faults = faults;
        _driver = new Driver(new DriveFileSystem(files, new DriveOptions { Label = "test", Owners = new Owners(User, null, null), Uid = 1000, Gid = 1000 }, NullLogger.Instance));
    }

    public override async ValueTask DisposeAsync()
    {
        await _driver.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public Task A_write() => Told(nameof(IFileSystem.WriteAsync), file => _driver.WriteAsync(file, 3, [4, 5]), size: 5);

    [Fact]
    public Task A_write_at_the_end() => Told(nameof(IFileSystem.WriteAsync), file => _driver.WriteAsync(file, 0, [4, 5], append: true), size: 5);

    [Fact]
    public Task A_write_of_pages() => Told(nameof(IFileSystem.WriteAsync), file => _driver.WritePagesAsync(file, 0, new byte[4096]), size: 3);

    [Fact]
    public Task A_size() => Told(nameof(IFileSystem.SetAttributesAsync), file => _driver.SetSizeAsync(file, 7), size: 7);

    [Fact]
    public Task An_allocation_that_cuts() => Told(nameof(IFileSystem.SetAttributesAsync), file => _driver.SetSizeAsync(file, 2, isAllocation: true), size: 2);

    [Fact]
    public async Task Times()
    {
        var time = FileTime.From(new Timestamp(1000, 0));
        Assert.Equal(time, (await Told(nameof(IFileSystem.SetAttributesAsync), file => _driver.SetInfoAsync(file, written: time), size: 3)).LastWriteTime);
    }

    [Fact]
    public async Task Attributes_of_DOS()
    {
        var info = await Told(nameof(IFileSystem.SetExtendedAttributeAsync), file => _driver.SetInfoAsync(file, IoAttributes.Hidden), size: 3);
        Assert.Equal(IoAttributes.Hidden, (IoAttributes)info.FileAttributes & (IoAttributes.Hidden | IoAttributes.Archive | IoAttributes.System));
    }

    [Fact]
    public async Task Extended_attributes()
    {
        var info = await Told(nameof(IFileSystem.SetExtendedAttributeAsync), file => _driver.SetExtendedAsync(file, ("NAME", [1, 2, 3])), size: 3);
        Assert.Equal((uint)EaList.SizeOf("NAME".Length, 3), info.EaSize);
    }

    [Fact]
    public async Task A_flush()
    {
        await Mount.Write("a", [1, 2, 3]);
        var file = await _driver.OpenAsync(@"\a");
        await _driver.WriteAsync(file, 3, [4]);
        _faults.FailAfter(nameof(IFileSystem.SyncAsync));
        Assert.Equal(4ul, (await _driver.FlushAsync(file)).FileSize);
        Assert.Equal(1, _faults.Done);
        Assert.Equal([1, 2, 3, 4], Store["a"].Data);
        await _driver.CloseAsync(file);
    }

    [Fact]
    public async Task A_file_that_is_overwritten()
    {
        await Mount.Write("a", [1, 2, 3]);
        _faults.FailAfter(nameof(IFileSystem.SetAttributesAsync));
        var (file, isNew) = await _driver.CreateAsync(@"\a", Disposition.OverwriteIf);
        Assert.False(isNew);
        Assert.Equal((1, 0ul), (_faults.Done, file.Info.FileSize));
        await _driver.CloseAsync(file);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(FILE_DIRECTORY_FILE)]
    public async Task A_file_or_folder_that_is_made(uint options)
    {
        _faults.FailAfter(nameof(IFileSystem.SetExtendedAttributeAsync));
        var (file, isNew) = await _driver.CreateAsync(@"\a", Disposition.OpenIf, options, attributes: IoAttributes.Hidden);
        Assert.True(isNew);
        Assert.Equal((1, IoAttributes.Hidden), (_faults.Done, (IoAttributes)file.Info.FileAttributes & IoAttributes.Hidden));
        await _driver.CloseAsync(file);
        Assert.True(await Mount.Exists("a"));
    }

    [Fact]
    public async Task A_link_that_is_made_and_unmade()
    {
        var (file, _) = await _driver.CreateAsync(@"\a", Disposition.Create);
        _faults.FailAfter(nameof(IFileSystem.MakeSymbolicLinkAsync));
        await _driver.SetLinkAsync(file, SymbolicLinkData.Encode("b"));
        Assert.Equal(1, _faults.Done);
        _faults.FailAfter(nameof(IFileSystem.MakeNodeAsync));
        await _driver.RemoveLinkAsync(file);
        Assert.Equal(1, _faults.Done);
        await _driver.CloseAsync(file);
    }

    [Fact]
    public async Task A_link_that_is_made_with_its_target()
    {
        _faults.FailAfter(nameof(IFileSystem.MakeSymbolicLinkAsync));
        var link = await _driver.CreateLinkAsync(@"\a", SymbolicLinkData.Encode("b"));
        Assert.Equal((1, IoAttributes.ReparsePoint), (_faults.Done, (IoAttributes)link.Info.FileAttributes & IoAttributes.ReparsePoint));
        await _driver.CloseAsync(link);
    }

    [Fact]
    public async Task A_rename_and_rights()
    {
        await Mount.Write("a", [1, 2, 3]);
        var file = await _driver.OpenAsync(@"\a");
        _faults.FailAfter(nameof(IFileSystem.RenameAsync));
        await _driver.RenameAsync(file, @"\b");
        Assert.Equal(1, _faults.Done);
        _faults.FailAfter(nameof(IFileSystem.SetAttributesAsync));
        await _driver.SetSecurityAsync(file, 4, SecurityDescriptor.Of(FileType.Regular | 0x1C0, User, SecurityIds.Users, allowOthers: false));
        await _driver.CloseAsync(file);
        Assert.True(await Mount.Exists("b"));
    }

    [Fact]
    public async Task A_file_is_as_it_was_if_attributes_that_come_with_an_overwrite_are_refused()
    {
        await Mount.Write("a", [1, 2, 3]);
        var file = await _driver.OpenAsync(@"\a");
        await _driver.SetExtendedAsync(file, ("KEPT", [7]));
        await _driver.CloseAsync(file);
        await RefusedAsync(() => _driver.CreateAsync(@"\a", Disposition.OverwriteIf, extended: TooLarge()));
        Assert.Equal([1, 2, 3], await Mount.Read("a"));
        file = await _driver.OpenAsync(@"\a");
        Assert.Equal(("KEPT", 7), Assert.Single(await _driver.ExtendedAsync(file)) is var (name, value) ? (name, value[0]) : default);
        await _driver.CloseAsync(file);
    }

    [Theory]
    [InlineData(Disposition.OpenIf, 0u)]
    [InlineData(Disposition.Create, 0u)]
    [InlineData(Disposition.Create, FILE_DIRECTORY_FILE)]
    internal async Task Nothing_is_made_if_attributes_that_come_with_it_are_refused(Disposition disposition, uint options)
    {
        await RefusedAsync(() => _driver.CreateAsync(@"\a", disposition, options, extended: TooLarge()));
        Assert.False(await Mount.Exists("a"));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Empty(Store.Keys);
    }

    /// <summary>A listing shows that another machine has replaced the file, and the service does not say by what.</summary>
    [Fact]
    public async Task A_write_to_a_file_that_was_replaced()
    {
        await Mount.Write("a", [1, 2, 3]);
        var file = await _driver.OpenAsync(@"\a");
        Store.PutForeign("a", Mount.Content(10));
        Mount.Pass(5);
        Faults.Fail(RequestKind.Head, "a", times: 100);
        await Fails.With(FsError.Unavailable, () => Mount.List());
        Assert.Equal(STATUS_UNEXPECTED_NETWORK_ERROR, (await Assert.ThrowsAsync<NtException>(() => _driver.InfoAsync(file))).Status);
        Assert.Equal(4ul, (await _driver.WriteAsync(file, 3, [4])).FileSize);
        Assert.Equal(4ul, (await _driver.WritePagesAsync(file, 0, [5, 5, 5, 5, 5])).FileSize);
        Assert.Equal([5, 5, 5, 5], await _driver.ReadAsync(file, 0, 100));
        Faults.Heal();
        await _driver.CloseAsync(file);
        Assert.Equal([5, 5, 5, 5], Store[Assert.Single(Store.Keys, key => key.Contains(".conflict-", StringComparison.Ordinal))].Data);
    }

    private static byte[] TooLarge()
    {
        var list = new byte[8192];
        return list[..EaList.Encode([("SMALL", [1]), ("LARGE", new byte[4000])], list)];
    }

    private static async Task RefusedAsync(Func<Task> request) => Assert.Equal(STATUS_EA_TOO_LARGE, (await Assert.ThrowsAsync<NtException>(request)).Status);

    /// <returns>What the program is told.</returns>
    private async Task<FileInfo> Told(string last, Func<NtFile, Task<FileInfo>> operation, ulong size)
    {
        await Mount.Write("a", [1, 2, 3]);
        var file = await _driver.OpenAsync(@"\a");
        _faults.FailAfter(last);
        var told = await operation(file);
        Assert.Equal((1, size), (_faults.Done, told.FileSize));
        _faults.FailAfter(null);
        Assert.Equal(told, await _driver.InfoAsync(file));
        await _driver.CloseAsync(file);
        return told;
    }
}
