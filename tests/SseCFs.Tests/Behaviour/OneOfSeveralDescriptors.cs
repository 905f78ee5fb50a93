using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>
/// A program and its children have several descriptors of a file that was opened once, as a shell that redirects. Each close is a flush,
/// and only the last one finds the content whole.
/// </summary>
public sealed class OneOfSeveralDescriptors : MountTest
{
    private const OpenFlags Overwrite = OpenFlags.Write | OpenFlags.Truncate;

    [PosixFact]
    public async Task Its_close_stores_nothing()
    {
        await Mount.Write("a", [1, 2, 3]);
        var handle = await Mount.Open("a", Overwrite);
        Store.Requests.Clear();
        // The redirection itself: what was open is duplicated, and closed.
        await Close(handle, isLast: false);
        await Mount.WriteAt(handle, 0, [4]);
        // A child of the shell ends.
        await Close(handle, isLast: false);
        Assert.Equal([1, 2, 3], Store["a"].Data);
        await Mount.WriteAt(handle, 1, [5]);
        await Close(handle, isLast: true);
        Assert.Equal([4, 5], Store["a"].Data);
        await Mount.Files.ReleaseAsync(handle);
        Assert.Equal("Put a", Store.Requests.ToString());
    }

    [PosixFact]
    public async Task A_new_file_comes_into_being_with_the_last_close()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Close(handle, isLast: false);
        Assert.Empty(Store.Keys);
        await Mount.WriteAt(handle, 0, [1]);
        await Close(handle, isLast: true);
        Assert.Equal([1], Store["a"].Data);
        await Mount.Files.ReleaseAsync(handle);
    }

    [PosixFact]
    public async Task What_the_others_hold_is_stored_when_they_are_gone_without_a_close_that_says_so()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [1]);
        await Close(handle, isLast: false);
        await Mount.Files.ReleaseAsync(handle);
        // A release waits for nothing.
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([1], Store["a"].Data);
    }

    [PosixFact]
    public async Task Whoever_asks_for_it_stores_all_the_same()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [1]);
        await Close(handle, isLast: false);
        await Mount.Files.SyncAsync(handle, default);
        Assert.Equal([1], Store["a"].Data);
        await Mount.WriteAt(handle, 0, [2]);
        await Close(handle, isLast: false);
        Assert.Equal("a", Assert.Single(Mount.Files.Unsaved).Key);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([2], Store["a"].Data);
        await Mount.Close(handle);
    }

    /// <summary>A descriptor of the file may then be that of the other handle, and this close the last one of its own.</summary>
    [PosixFact]
    public async Task Where_another_handle_can_write_each_close_stores()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Open("a", OpenFlags.Write);
        var other = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2]);
        await Close(handle, isLast: false);
        Assert.Equal([2], Store["a"].Data);
        await Mount.Close(other);

        await Mount.WriteAt(handle, 0, [3]);
        // Opened while the descriptors are looked at.
        await Mount.Files.FlushAsync(
            handle,
            async () =>
            {
                other = await Mount.Open("a", OpenFlags.Write);
                return true;
            },
            default);
        Assert.Equal([3], Store["a"].Data);
        await Mount.Close(other);
        await Mount.Close(handle);
    }

    [PosixFact]
    public async Task Handles_that_read_are_no_matter()
    {
        await Mount.Write("a", [1]);
        var reader = await Mount.Open("a");
        var handle = await Mount.Open("a", Overwrite);
        await Close(handle, isLast: false);
        Assert.Equal([1], Store["a"].Data);
        await Mount.Close(handle);
        await Mount.Close(reader);
    }

    [PosixFact]
    public async Task Descriptors_are_not_looked_at_where_there_is_nothing_to_store()
    {
        await Mount.Write("a", [1]);
        foreach (var flags in new[] { OpenFlags.Read, OpenFlags.Write })
        {
            var handle = await Mount.Open("a", flags);
            await Mount.Files.FlushAsync(handle, () => throw new InvalidOperationException("nothing was written"), default);
            await Mount.Close(handle);
        }
    }

    private async Task Close(ulong handle, bool isLast) => await Mount.Files.FlushAsync(handle, () => ValueTask.FromResult(!isLast), default);
}
