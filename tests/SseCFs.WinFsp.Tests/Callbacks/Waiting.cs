using Fsp.Interop;
using SseCFs.Tests.Support;
using SseCFs.WinFsp.Tests.Support;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <summary>What Windows and its programs see while the service takes its time, fails, or is used by others too.</summary>
public sealed class Waiting : MountTest
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Driver Driver => Mount.Driver;

    [Fact]
    public async Task Reads_and_listings_that_wait_hold_no_thread()
    {
        Store.PutForeign("d/a", Mount.Content(3 << 20));
        var file = await Driver.OpenAsync(@"\d\a", Access.ReadData);
        Driver.LateAnswers.Clear();
        Hold(RequestKind.Get, "d/a");
        var reading = Driver.ReadAsync(file, 2 << 20, 1000);
        await _arrived.Task;
        await Until(() => Driver.LateAnswers.Contains("read"));
        Assert.False(reading.IsCompleted);
        _goOn.SetResult();
        Assert.Equal(Mount.Content(3 << 20)[(2 << 20)..((2 << 20) + 1000)], await reading);
        // From memory, the answer is there at once.
        Driver.LateAnswers.Clear();
        await Driver.ReadAsync(file, 2 << 20, 1000);
        Assert.Empty(Driver.LateAnswers);
        await Driver.CloseAsync(file);
    }

    [Fact]
    public async Task A_listing_waits_without_a_thread()
    {
        for (var i = 0; i < 300; i++)
        {
            Store.PutForeign($"d/{i:D3}", [1]);
        }
        var folder = await Driver.OpenAsync(@"\d", Access.ReadData);
        Hold(RequestKind.Head, "d/299");
        var listing = Driver.ListAsync(folder, room: 64 << 10);
        await _arrived.Task;
        await Until(() => Driver.LateAnswers.Contains("list"));
        Assert.False(listing.IsCompleted);
        _goOn.SetResult();
        Assert.Equal(302, (await listing).Count);
        await Driver.CloseAsync(folder);
    }

    [Fact]
    public async Task What_waits_when_the_drive_goes_is_answered_as_cancelled()
    {
        Store.PutForeign("a", Mount.Content(3 << 20));
        var file = await Driver.OpenAsync(@"\a", Access.ReadData);
        Faults.Before(RequestKind.Get, "a", async cancellation =>
        {
            _arrived.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        }, times: 10);
        var reading = Driver.ReadAsync(file, 2 << 20, 1000);
        await _arrived.Task;
        await Driver.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(STATUS_CANCELLED, (await Assert.ThrowsAsync<NtException>(() => reading)).Status);
        await Mount.Files.DisposeAsync();
        Mount = new Mount(Store, Clock);
    }

    /// <summary><see cref="Driver"/> checks that no request is pending when the real driver unmaps their buffers.</summary>
    [Fact]
    public async Task Reads_writes_and_listings_that_wait_when_the_drive_goes_are_answered_before_their_buffers_are_unmapped()
    {
        Store.PutForeign("read", Mount.Content(3 << 20));
        Store.PutForeign("d/listed", [1]);
        await Mount.Write("written", [1]);
        var read = await Driver.OpenAsync(@"\read", Access.ReadData);
        var folder = await Driver.OpenAsync(@"\d", Access.ReadData);
        var written = await Driver.OpenAsync(@"\written");
        await Driver.WriteAsync(written, 0, [2]);
        Driver.LateAnswers.Clear();
        Hold(RequestKind.Put, "written");
        Hold(RequestKind.Get, "read");
        Hold(RequestKind.Head, "d/listed");
        // While it is stored, writes wait.
        var storing = Mount.Files.DrainAsync(default).AsTask();
        await _arrived.Task;
        Task[] waiting = [Driver.ReadAsync(read, 2 << 20, 1000), Driver.ListAsync(folder), Driver.WriteAsync(written, 1, [3])];
        await Until(() => Driver.LateAnswers.Order().SequenceEqual(["list", "read", "write"]));
        await Driver.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        foreach (var one in waiting)
        {
            Assert.Equal(STATUS_CANCELLED, (await Assert.ThrowsAsync<NtException>(() => one)).Status);
        }
        _goOn.SetResult();
        Assert.Equal(0, await storing);
        Assert.Equal([2], Store["written"].Data);
        await Mount.Files.DisposeAsync();
        Mount = new Mount(Store, Clock);
    }

    [Fact]
    public async Task A_failed_read_is_told_and_the_next_one_succeeds()
    {
        Store.PutForeign("a", Mount.Content(3 << 20));
        var file = await Driver.OpenAsync(@"\a", Access.ReadData);
        Faults.Fail(RequestKind.Get, "a");
        Assert.Equal(STATUS_UNEXPECTED_NETWORK_ERROR, (await Assert.ThrowsAsync<NtException>(() => Driver.ReadAsync(file, 2 << 20, 1000))).Status);
        Assert.Equal(1000, (await Driver.ReadAsync(file, 2 << 20, 1000)).Length);
        await Driver.CloseAsync(file);
    }

    [Fact]
    public async Task What_cannot_be_stored_is_told_by_flush_and_kept_when_it_is_closed()
    {
        var (file, _) = await Driver.CreateAsync(@"\a", Disposition.OpenIf);
        await Driver.WriteAsync(file, 0, [1, 2, 3]);
        Faults.Fail(RequestKind.Put, "a", times: 3);
        Assert.Equal(STATUS_UNEXPECTED_NETWORK_ERROR, (await Assert.ThrowsAsync<NtException>(() => Driver.FlushAsync(file))).Status);
        // CloseHandle cannot fail.
        await Driver.CloseAsync(file);
        var unsaved = Assert.Single(Mount.Files.Unsaved);
        Assert.Equal("a", unsaved.Key);
        Assert.NotNull(unsaved.Failure);
        Assert.Equal([1, 2, 3], await Mount.Read("a"));
        Faults.Heal();
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([1, 2, 3], Store["a"].Data);
    }

    [Fact]
    public async Task Closing_a_file_stores_it()
    {
        var (file, _) = await Driver.CreateAsync(@"\a", Disposition.OpenIf);
        await Driver.WriteAsync(file, 0, [1, 2, 3]);
        await Driver.CloseAsync(file);
        Assert.Equal([1, 2, 3], Store["a"].Data);
        Assert.Empty(Mount.Files.Unsaved);
    }

    /// <summary>Explorer asks for the attributes of all, then reads the beginning of each picture for its thumbnail.</summary>
    [Fact]
    public async Task A_folder_of_pictures_is_shown_without_fetching_them()
    {
        for (var i = 0; i < 20; i++)
        {
            Store.PutForeign($"p/{i:D2}.jpg", Mount.Content(4 << 20, i));
        }
        var folder = await Driver.OpenAsync(@"\p", Access.ReadData);
        await Driver.ListAsync(folder, room: 64 << 10);
        for (var i = 0; i < 20; i++)
        {
            var picture = await Driver.OpenAsync($@"\p\{i:D2}.jpg", Access.ReadAttributes);
            Assert.Equal(4ul << 20, (await Driver.InfoAsync(picture)).FileSize);
            await Driver.CloseAsync(picture);
        }
        Assert.Equal(0, Store.Requests.Count(RequestKind.Get));
        for (var i = 0; i < 20; i++)
        {
            var picture = await Driver.OpenAsync($@"\p\{i:D2}.jpg", Access.ReadData | Access.ReadAttributes);
            Assert.Equal(Mount.Content(4 << 20, i)[..(64 << 10)], await Driver.ReadAsync(picture, 0, 64 << 10));
            await Driver.CloseAsync(picture);
        }
        Assert.InRange(Store.BytesAsked, 20 * (64 << 10), 20 * (768 << 10));
        await Driver.CloseAsync(folder);
    }

    [Fact]
    public async Task Who_watches_a_folder_is_told_what_another_machine_did()
    {
        var other = MountAgain();
        await Mount.MakeDirectory("d");
        await Mount.Write("d/changed", [1]);
        await Mount.Write("d/gone", [1]);
        var folder = await Driver.OpenAsync(@"\d", Access.ReadData);
        var open = await Driver.OpenAsync(@"\d\changed", Access.ReadData);
        await Driver.ListAsync(folder);
        await other.Write("d/changed", [2, 2]);
        await other.Unlink("d/gone");
        Mount.Pass(5);
        await Driver.ListAsync(folder);
        await Until(() => Driver.Notifications.Count >= 2);
        Assert.Equal(
            [(@"\d\changed", NotifyAction.Modified), (@"\d\gone", NotifyAction.Removed)],
            Driver.Notifications.Select(one => (one.FileName, one.Action)).Distinct().Order());
        await Driver.CloseAsync(open);
        await Driver.CloseAsync(folder);
    }

    private void Hold(RequestKind kind, string key) => Faults.Before(kind, key, async _ =>
    {
        _arrived.TrySetResult();
        await _goOn.Task;
    });

    private static async Task Until(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(10);
        }
        Assert.True(condition());
    }
}
