using SseCFs.Tests.Support;

namespace SseCFs.Tests.Tree;

/// <summary>Whoever goes through the names of a directory, to read or to remove what has them, does not pay for a question about each.</summary>
public sealed class NamesInSeries : MountTest
{
    private static readonly Caller Kernel = new(1000, 1000, 7) { KeepsEntries = true };
    private ulong _directory;

    [Fact]
    public async Task Reading_many_files_asks_for_few_names()
    {
        await Given(200);
        for (var i = 0; i < 200; i++)
        {
            await Read(i);
        }
        Assert.Equal(200, Store.Requests.Count(RequestKind.Get));
        Assert.Equal("List d/00000, Get d/00000, List d/00001, Get d/00001, List d/, Get d/00002", First(6));
        Assert.Equal(203, Store.Requests.Total);
    }

    [Fact]
    public async Task In_a_directory_of_unknown_size_little_is_asked_for_in_vain()
    {
        await Given(12_000);
        for (var i = 0; i < 20; i++)
        {
            await Read(11_000 + i);
        }
        Assert.Equal(20, Store.Requests.Count(RequestKind.Get));
        Assert.Equal(20 + 1, Store.Requests.Count(RequestKind.List));
    }

    [Fact]
    public async Task Removing_many_files_asks_for_few_names()
    {
        await Given(200);
        for (var i = 0; i < 200; i++)
        {
            await Read(i);
        }
        Mount.Pass();
        Store.Requests.Clear();
        for (var i = 0; i < 200; i++)
        {
            await Remove(i);
        }
        Assert.Equal(200, Store.Requests.Count(RequestKind.Delete));
        Assert.Equal("Head d/00000, Delete d/00000, Head d/00001, Delete d/00001, List d/, Delete d/00002", First(6));
        Assert.Equal(203, Store.Requests.Total);
    }

    /// <summary>A name that was told is asked for again, and so is any once a name was made.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_that_another_machine_removed_meanwhile_can_be_taken(bool isTold)
    {
        await Given(20);
        for (var i = 0; i < 20; i++)
        {
            await Read(i);
        }
        Mount.Pass();
        for (var i = 0; i < 5; i++)
        {
            await Remove(i);
        }
        if (isTold)
        {
            await LookUp(10);
        }
        else
        {
            await Fails.With(FsError.NotFound, () => LookUp(99));
            await Mount.Files.MakeDirectoryAsync(_directory, Name(99), 0x1ED, Kernel, default);
        }
        Mount.Pass(0.01);
        Store.DeleteForeign("d/00010");
        await Fails.With(FsError.NotFound, () => LookUp(10));
    }

    /// <summary>A listing that began before, and that others wait for, knows nothing of it.</summary>
    [Fact]
    public async Task A_name_that_came_during_a_listing_is_found()
    {
        await Given(20);
        var isHeld = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        Faults.After(RequestKind.List, "d/", async _ =>
        {
            isHeld.SetResult();
            await goOn.Task;
        });
        var listing = Listing.ReadAsync(Mount.Files, _directory);
        await isHeld.Task;
        Store.PutForeign("d/new", [1]);
        await Read(0);
        await Read(1);
        Mount.Pass(0.001);
        var looked = Mount.Files.LookupAsync(_directory, Mount.Bytes("new"), Kernel, default).AsTask();
        goOn.SetResult();
        Assert.Equal(1, (await looked).Attributes.Size);
        await listing;
    }

    /// <summary>A policy may allow to ask for names and not to list the directory.</summary>
    [Fact]
    public async Task A_directory_that_cannot_be_listed_is_tried_once()
    {
        await Given(20);
        Faults.Fail(RequestKind.List, "d/", FsError.AccessDenied, times: int.MaxValue);
        for (var i = 0; i < 20; i++)
        {
            await Read(i);
        }
        Assert.Equal(20 + 20, Store.Requests.Total);
    }

    private static byte[] Name(int file) => Mount.Bytes($"{file:D5}");

    private async Task Given(int files)
    {
        Store.PutForeign("d/", []);
        for (var i = 0; i < files; i++)
        {
            Store.PutForeign($"d/{i:D5}", [1]);
        }
        _directory = await Mount.InodeOf("d");
        Store.Requests.Clear();
    }

    private Task<Entry> LookUp(int file) => Mount.Files.LookupAsync(_directory, Name(file), Kernel, default).AsTask();

    private async Task Read(int file)
    {
        var entry = await LookUp(file);
        var handle = (await Mount.Files.OpenAsync(entry.Attributes.Inode, OpenFlags.Read, Kernel, default)).Handle;
        Assert.Equal([1], await Mount.ReadAt(handle, 0, 10));
        await Mount.Close(handle);
    }

    private async Task Remove(int file)
    {
        await LookUp(file);
        await Mount.Files.UnlinkAsync(_directory, Name(file), default);
    }

    private string First(int requests) => string.Join(", ", Store.Requests.ToString().Split(", ").Take(requests));
}
