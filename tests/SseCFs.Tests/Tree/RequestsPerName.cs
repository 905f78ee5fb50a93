using SseCFs.Tests.Support;

namespace SseCFs.Tests.Tree;

/// <summary>What an operation on a name costs does not depend on how many others its directory has.</summary>
public sealed class RequestsPerName : MountTest
{
    private static readonly Caller Kernel = new(1000, 1000, 7) { KeepsEntries = true };

    // The directory's own time is stored when nobody counts.
    public RequestsPerName() => Mount = new Mount(Faults, Clock, new SseFileSystemOptions
    {
        Uid = 1000,
        Gid = 1000,
        Memory = SseFileSystemOptions.SmallestMemory,
        MetadataDelay = TimeSpan.FromHours(1),
        DirectoryTimeDelay = TimeSpan.FromHours(1),
    });

    public static TheoryData<int, bool> Directories => new() { { 10, false }, { 10, true }, { 10_000, false }, { 10_000, true } };

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task In_directories_of_any_size_they_are_the_same(int entries, bool isListed)
    {
        await Given(entries, isListed);
        // Of a listed name the attributes alone are not known.
        string First(string name, string request) => isListed ? $"{request} d/{name}" : $"List d/{name}, {request} d/{name}";
        await Costs("List d/new, Put d/new", () => Mount.Write("d/new", [1]));
        await Costs($"List d/tmp, Put d/tmp, {First("00003", isListed ? "Head" : "Get")}, Put d/00003, Delete d/tmp", () => Save("d/00003"));
        await Costs("List d/tmp, Put d/tmp, Head d/00003, Put d/00003, Delete d/tmp", () => Save("d/00003"));
        await Costs(First("00004", "Get"), () => Mount.Read("d/00004"));
        await Costs((isListed ? "Head" : "List") + " d/00005, Delete d/00005", () => Mount.Unlink("d/00005"));
        await Costs("List d/sub, Put d/sub/", () => Mount.MakeDirectory("d/sub"));
        await Costs("List d/sub/, List d/sub/, Delete d/sub/", () => Mount.RemoveDirectory("d/sub"));
        await Costs(
            isListed ? "Head d/00006, List d/other, Copy d/other, Delete d/00006" : "List d/00006, List d/other, Get d/00006, Put d/other, Delete d/00006",
            () => Mount.Rename("d/00006", "d/other"));
        await Costs("List d/link, Put d/link", () => Mount.Link("new", "d/link"));
        await Costs(First("00007", "Get") + ", Put d/00007", async () =>
        {
            await Mount.Change("d/00007", new AttributeChange { Mode = 0x180 });
            var handle = await Mount.Open("d/00007");
            await Mount.Files.SyncAsync(handle, default);
            await Mount.Close(handle);
        });
        await Costs(First("00008", "Get") + ", Put d/00008", async () =>
        {
            var handle = await Mount.Open("d/00008", OpenFlags.Write | OpenFlags.Append);
            await Mount.WriteAt(handle, 0, [2], append: true);
            await Mount.Close(handle);
        });
    }

    /// <summary>The requests of Linux for open(O_CREAT), close and rename(2), on names that it knew a while ago.</summary>
    [Theory]
    [MemberData(nameof(Directories))]
    public async Task A_kernel_that_keeps_entries_costs_no_more(int entries, bool isListed)
    {
        await Given(entries, isListed);
        var directory = await Mount.InodeOf("d");
        await Mount.Write("d/doc", [1]);
        for (var round = 0; round < 3; round++)
        {
            await Costs("List d/tmp, Put d/tmp, Head d/doc, Put d/doc, Delete d/tmp", async () =>
            {
                await Fails.With(FsError.NotFound, () => LookUp(directory, "tmp"));
                var handle = (await Mount.Files.CreateAsync(directory, Mount.Bytes("tmp"), 0x1A4, OpenFlags.Write, Kernel, default)).File.Handle;
                await Mount.WriteAt(handle, 0, [2, (byte)round]);
                await Mount.Close(handle);
                await LookUp(directory, "doc");
                await Mount.Files.RenameAsync(directory, Mount.Bytes("tmp"), directory, Mount.Bytes("doc"), RenameFlags.None, default);
            });
        }
        await Costs("List d/made, Put d/made/", async () =>
        {
            await Fails.With(FsError.NotFound, () => LookUp(directory, "made"));
            await Mount.Files.MakeDirectoryAsync(directory, Mount.Bytes("made"), 0x1ED, Kernel, default);
        });
        await Costs("List d/moved, Put d/moved, Delete d/doc", async () =>
        {
            await Mount.Read("d/doc");
            Store.Requests.Clear();
            await Fails.With(FsError.NotFound, () => LookUp(directory, "moved"));
            await Mount.Files.RenameAsync(directory, Mount.Bytes("doc"), directory, Mount.Bytes("moved"), RenameFlags.None, default);
        });
    }

    [Theory]
    [InlineData(10)]
    [InlineData(10_000)]
    public async Task A_directory_that_is_there_only_by_its_files_is_not_listed_to_keep_it(int entries)
    {
        Fill(entries);
        await Costs("List d/00003, List d/, Delete d/00003", () => Mount.Unlink("d/00003"));
        // What was just seen beside it is enough for the next.
        await Mount.InodeOf("d/00004");
        Store.Requests.Clear();
        await Mount.Unlink("d/00004");
        Assert.Equal("Delete d/00004", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_small_file_whose_attributes_are_known_is_read_by_one_request()
    {
        Fill(10);
        await Mount.List("d", withAttributes: true);
        await Costs("Head d/00003, Get d/00003", () => Mount.Read("d/00003"));
        await Mount.InodeOf("d/00004");
        Store.Requests.Clear();
        Assert.Equal([1], await Mount.Read("d/00004"));
        Assert.Equal("Get d/00004", Store.Requests.ToString());
    }

    private void Fill(int entries)
    {
        for (var i = 0; i < entries; i++)
        {
            Store.PutForeign($"d/{i:D5}", [1]);
        }
    }

    private async Task Given(int entries, bool isListed)
    {
        Fill(entries);
        Store.PutForeign("d/", []);
        await Mount.InodeOf("d");
        if (isListed)
        {
            await Mount.List("d");
        }
    }

    /// <summary>What is known of names is old when it begins, but for the directory itself.</summary>
    private async Task Costs(string expected, Func<Task> act)
    {
        Mount.Pass();
        await Mount.InodeOf("d");
        Store.Requests.Clear();
        await act();
        Assert.Equal(expected, Store.Requests.ToString());
    }

    private async Task Save(string path)
    {
        await Mount.Write("d/tmp", [5]);
        await Mount.Rename("d/tmp", path);
    }

    private async Task LookUp(ulong directory, string name) => await Mount.Files.LookupAsync(directory, Mount.Bytes(name), Kernel, default);
}
