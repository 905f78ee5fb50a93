using System.Text;
using SseCFs.Tests.Support;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <content>Names, and the listings they are in.</content>
public abstract partial class DriveTests
{
    [Fact]
    public async Task A_folder_is_listed_a_buffer_at_a_time()
    {
        await MakeFolderAsync(@"\d");
        var names = Enumerable.Range(0, 40).Select(i => $"file {i:D2} of many.txt").ToList();
        await Task.WhenAll(names.Select(name => WriteAsync($@"\d\{name}", [1, 2])));
        var folder = await Drive.OpenAsync(@"\d", Access.ReadData);
        foreach (var room in new[] { 200, 1000, 64 << 10 })
        {
            var listed = await Drive.ListAsync(folder, room: room);
            Assert.Equal([".", "..", .. names], listed.Select(one => one.Name));
            Assert.All(listed.Skip(2), one => Assert.Equal((2ul, 4096ul), (one.Info.FileSize, one.Info.AllocationSize)));
            Assert.All(listed.Take(2), one => Assert.NotEqual(0u, one.Info.FileAttributes & 0x10));
        }
        // On from any name, there or not, in any case.
        Assert.Equal(names[20..], (await StandIn.ListAfterAsync(folder, "FILE 19 OF MANY.TXT")).Select(one => one.Name));
        Assert.Equal(names[20..], (await StandIn.ListAfterAsync(folder, "file 19x")).Select(one => one.Name));
        Assert.Empty(await StandIn.ListAfterAsync(folder, "zzz"));
        Assert.Equal(["..", .. names], (await StandIn.ListAfterAsync(folder, ".")).Select(one => one.Name));
        Assert.Equal(names, (await StandIn.ListAfterAsync(folder, "..")).Select(one => one.Name));
        await Drive.CloseAsync(folder);
    }

    [Fact]
    public async Task A_listing_that_goes_on_neither_misses_nor_repeats_and_one_that_begins_is_new()
    {
        await MakeFolderAsync(@"\d");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => WriteAsync($@"\d\{i}", [1])));
        var folder = await Drive.OpenAsync(@"\d", Access.ReadData);
        var (page, isEnd) = await StandIn.ListPageAsync(folder, null, "..", 112 * 5);
        Assert.Equal((5, false), (page.Count, isEnd));
        await Drive.DeletePosixAsync(await Drive.OpenAsync(@"\d\4"));
        await Drive.DeletePosixAsync(await Drive.OpenAsync(@"\d\7"));
        await WriteAsync(@"\d\45", [1]);
        Assert.Equal(["5", "6", "8", "9"], (await StandIn.ListAfterAsync(folder, "4")).Select(one => one.Name));
        Assert.Equal([".", "..", "0", "1", "2", "3", "45", "5", "6", "8", "9"], (await Drive.ListAsync(folder)).Select(one => one.Name));
        await Drive.CloseAsync(folder);
    }

    [Theory]
    [InlineData("*", "., .., a.txt, B.TXT, c, d.tar.gz")]
    [InlineData("*.txt", "a.txt, B.TXT")]
    [InlineData("<.txt", "a.txt, B.TXT")]
    [InlineData("?", "., c")]
    [InlineData("A.*", "a.txt")]
    [InlineData("<\"*", "., .., a.txt, B.TXT, c, d.tar.gz")]
    [InlineData("none", "")]
    public async Task A_pattern_is_one_of_DOS(string pattern, string expected)
    {
        await MakeFolderAsync(@"\d");
        foreach (var name in new[] { "a.txt", "B.TXT", "c", "d.tar.gz" })
        {
            await WriteAsync($@"\d\{name}", []);
        }
        Assert.Equal(expected, string.Join(", ", await ListAsync(@"\d", pattern)));
    }

    [Fact]
    public async Task One_name_is_found_without_a_listing()
    {
        await WriteAsync(@"\Letter.txt", [1, 2, 3]);
        var root = await Drive.OpenAsync(@"\", Access.ReadData);
        var (name, info) = await Drive.ListOneAsync(root, "LETTER.TXT");
        Assert.Equal(("Letter.txt", 3ul), (name, info.FileSize));
        await RefusedAsync(STATUS_OBJECT_NAME_NOT_FOUND, () => Drive.ListOneAsync(root, "other"));
        await Drive.CloseAsync(root);
    }

    [Fact]
    public async Task Any_spelling_opens_a_file_and_the_one_it_was_made_with_is_kept()
    {
        await MakeFolderAsync(@"\Föld");
        await WriteAsync(@"\föLD\Ünï.TXT", [1]);
        await RemountAsync();
        Assert.Equal([1], await ReadAsync(@"\FÖLD\ünÏ.txt"));
        await WriteAsync(@"\föld\ÜNÏ.txt", [2]);
        Assert.Equal([".", "..", "Ünï.TXT"], await ListAsync(@"\föld"));
        Assert.Equal([2], await ReadAsync(@"\Föld\Ünï.TXT"));
    }

    [Fact]
    public async Task Of_files_whose_names_differ_in_case_each_can_be_opened()
    {
        foreach (var name in new[] { "Readme.txt", "readme.txt", "README.txt" })
        {
            await PosixWriteAsync(name, Encoding.UTF8.GetBytes(name));
        }
        var names = await ListAsync();
        Assert.Equal(3, names.Count);
        Assert.Equal("README.txt", names[0]);
        foreach (var shown in names)
        {
            var content = Encoding.UTF8.GetString(await ReadAsync($@"\{shown.ToLowerInvariant()}"));
            Assert.True(content == shown || shown == CaseAlias.Of(content, Encoding.UTF8.GetBytes(content)), $"{shown} opens {content}");
        }
        // The first goes: another takes its place, and can still be opened by the name it had.
        await Drive.DeletePosixAsync(await Drive.OpenAsync(@"\readme.TXT"));
        var left = await ListAsync();
        Assert.Equal("Readme.txt", left[0]);
        Assert.Equal("Readme.txt", Encoding.UTF8.GetString(await ReadAsync($@"\{CaseAlias.Of("Readme.txt", "Readme.txt"u8)}")));
        Assert.Equal("Readme.txt", Encoding.UTF8.GetString(await ReadAsync(@"\README.TXT")));
    }

    [Fact]
    public async Task Names_that_Windows_forbids_are_those_of_the_private_area()
    {
        foreach (var name in new[] { "a:b", "what?", "con", "dot." })
        {
            await PosixWriteAsync(name, Encoding.UTF8.GetBytes(name));
        }
        Assert.Equal(["a\uF03Ab", "dot\uF02E", "what\uF03F", "\uF063on"], await ListAsync());
        Assert.Equal("what?"u8.ToArray(), await ReadAsync("\\WHAT\uF03F"));
        await WriteAsync("\\new\uF03A", [1]);
        var file = await Drive.OpenAsync("\\dot\uF02E");
        await Drive.RenameAsync(file, "\\dots\uF02E");
        await Drive.CloseAsync(file);
        Assert.Equal(["a:b", "con", "dots.", "new:", "what?"], (await PosixListAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Names_of_255_characters_that_are_too_long_for_a_bucket_are_refused()
    {
        await WriteAsync("\\" + new string('n', 255), [1]);
        Assert.Equal([new string('n', 255)], await ListAsync());
        await RefusedAsync(STATUS_NAME_TOO_LONG, () => WriteAsync("\\" + new string('ü', 200), [1]));
    }

    private async Task PosixWriteAsync(string name, byte[] data)
    {
        var (_, file) = await Posix.CreateAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), 0x1A4, OpenFlags.Write, Mount.User, default);
        await Posix.WriteAsync(file.Handle, 0, data, false, false, default);
        await Posix.FlushAsync(file.Handle, null, default);
        await Posix.ReleaseAsync(file.Handle);
    }

    private async Task<IEnumerable<string>> PosixListAsync() =>
        (await Listing.ReadAsync(Posix, IFileSystem.RootInode)).Where(name => name is not ("." or ".."));
}
