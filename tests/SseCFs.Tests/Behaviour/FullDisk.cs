using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>There is no room on the disk under the spill file: none at all, as there is no such directory.</summary>
public sealed class FullDisk() : JournalTest(isWriteBack: true, spillDirectory: "/proc/none")
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Of_a_write_that_finds_no_room_nothing_is_kept()
    {
        var handle = await Mount.Create("a");
        var taken = await FillAsync(handle);
        for (var i = 0; i < 100; i++)
        {
            await Fails.With(FsError.NoSpace, () => Mount.WriteAt(handle, 0, new byte[64 << 10], append: true));
        }
        Assert.Equal(taken.Max() + MiB, (await Mount.Stat("a")).Size);
        Assert.Equal(Expected(taken), await Mount.ReadAt(handle, 0, int.MaxValue / 2));
        await Mount.Close(handle);
        await Mount.Remount();
        Assert.Equal(Expected(taken), await Mount.Read("a"));
    }

    [Fact]
    public async Task What_is_there_can_be_written_over()
    {
        var handle = await Mount.Create("a");
        var taken = await FillAsync(handle);
        var expected = Expected(taken);
        foreach (var at in taken)
        {
            await Mount.WriteAt(handle, at + 5, [1, 2, 3]);
            new byte[] { 1, 2, 3 }.CopyTo(expected, at + 5);
        }
        await Mount.Close(handle);
        Assert.Equal(expected, await Mount.Read("a"));
    }

    [Fact]
    public async Task Small_files_are_written_and_when_it_is_stored_large_ones_again()
    {
        var handle = await Mount.Create("a");
        await FillAsync(handle);
        for (var i = 0; i < 20; i++)
        {
            await Mount.Write($"small-{i}", Mount.Content(MiB, i));
        }
        await Mount.Close(handle);
        await Drain();
        var taken = await FillAsync(await Mount.Create("b"));
        Assert.True(taken.Count >= 20, "no room again");
        Assert.Equal(Mount.Content(MiB, 7), await Mount.Read("small-7"));
    }

    [Fact]
    public async Task Closed_files_are_stored_to_make_room()
    {
        for (var i = 0; i < 6; i++)
        {
            await Mount.Write($"f{i}", Mount.Content(7 * MiB, i));
        }
        Assert.NotEmpty(Store.Keys);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(Mount.Content(7 * MiB, i), await Mount.Read($"f{i}"));
        }
    }

    [Fact]
    public async Task What_an_earlier_process_left_is_stored_to_make_room_for_the_rest()
    {
        for (var i = 0; i < 3; i++)
        {
            await Mount.Write($"f{i}", Mount.Content(7 * MiB, i));
        }
        await Mount.DisposeAsync();
        var kept = Kept.Count;
        Assert.Equal(kept, await Begin());
        for (var i = 3; i < 6; i++)
        {
            await Mount.Write($"f{i}", Mount.Content(7 * MiB, i));
        }
        await Drain();
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(Mount.Content(7 * MiB, i), Store[$"f{i}"].Data);
        }
    }

    [PosixFact]
    public async Task A_removal_that_finds_no_room_for_an_open_file_takes_none()
    {
        Store.PutForeign("open", Mount.Content(40 * MiB));
        await Mount.Open("open");
        await Fails.With(FsError.NoSpace, () => Mount.Unlink("open"));
        Assert.True((await FillAsync(await Mount.Create("a"))).Count >= 20, "its room is lost");
        Assert.Equal(Mount.Content(40 * MiB), await Mount.Read("open"));
    }

    /// <summary>Writes every second MiB, from the end to the start, until there is no room.</summary>
    private async Task<List<int>> FillAsync(ulong handle)
    {
        var taken = new List<int>();
        for (var at = 100 * MiB; at >= 0; at -= 2 * MiB)
        {
            try
            {
                await Mount.Files.WriteAsync(handle, at, Mount.Content(MiB, at), false, false, default);
            }
            catch (FsException e) when (e.Reason == FsError.NoSpace)
            {
                return taken;
            }
            taken.Add(at);
        }
        throw new InvalidOperationException("there is room for all");
    }

    private static byte[] Expected(List<int> taken)
    {
        var expected = new byte[taken.Max() + MiB];
        taken.ForEach(at => Mount.Content(MiB, at).CopyTo(expected, at));
        return expected;
    }
}
