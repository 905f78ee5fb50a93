using SseCFs.Outbox;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Outbox;

/// <summary>What waits to be stored, seen from the file system.</summary>
public sealed class QueuedChanges : MountTest
{
    private const int Large = 20 << 20;

    [Fact]
    public async Task Who_waits_may_leave_and_the_upload_goes_on()
    {
        var hold = Hold(RequestKind.Put, "a");
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        using var signal = new CancellationTokenSource();
        var flush = Mount.Files.FlushAsync(handle, staysOpen: null, signal.Token).AsTask();
        await hold.Begun;
        await signal.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        // Nobody waits for an upload when the last descriptor is gone.
        await Mount.Files.ReleaseAsync(handle).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(("a", ChangeState.Sending, 1L), Assert.Single(Mount.Files.Unsaved.Select(one => (one.Key, one.State, one.Bytes))));
        hold.Release();
        await Stored();
        Assert.Equal([1], Store["a"].Data);
        Assert.Equal(1, Store.Requests.Count(RequestKind.Put));
    }

    [Fact]
    public async Task Who_comes_later_waits_for_the_same_upload()
    {
        var hold = Hold(RequestKind.Put, "a");
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        var flush = Mount.Files.FlushAsync(handle, staysOpen: null, default).AsTask();
        await hold.Begun;
        var sync = Mount.Files.SyncAsync(handle, default).AsTask();
        await Task.Delay(50);
        Assert.False(sync.IsCompleted);
        hold.Release();
        await Task.WhenAll(flush, sync);
        Assert.Equal(1, Store.Requests.Count(RequestKind.Put));
        await Mount.Close(handle);
    }

    [Fact]
    public async Task A_slow_upload_of_a_large_file_delays_no_small_one()
    {
        await Mount.DisposeAsync();
        Mount = new Mount(Faults, Clock, new SseFileSystemOptions { Memory = 1 << 30 });
        var hold = Hold(RequestKind.UploadPart, null, times: 1000);
        var uploads = new List<Task>();
        for (var i = 0; i < 8; i++)
        {
            uploads.Add(Mount.Write($"large{i}", Mount.Content(Large)));
        }
        await hold.Begun;
        await Mount.Write("small", [1]);
        await Mount.Change("small", new AttributeChange { Mode = 0x180 });
        await Until(() => Store["small"].Metadata.User["mode"] == "33152");
        hold.Release();
        await Task.WhenAll(uploads);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task Removing_a_file_ends_its_upload(int size)
    {
        var hold = Hold(size == 1 ? RequestKind.Put : RequestKind.UploadPart, "a", times: 1000);
        var write = Mount.Write("a", Mount.Content(size));
        await hold.Begun;
        await Mount.Unlink("a").WaitAsync(TimeSpan.FromSeconds(30));
        // Nothing is left that its close could store.
        await write;
        Assert.False(await Mount.Exists("a"));
        hold.Release();
        Mount.Pass(100);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Empty(Store.Keys);
        await Until(() => Store.OpenUploads == 0);
        Assert.Empty(Mount.Files.Unsaved);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task So_does_a_rename_over_it_and_making_it_empty(int size)
    {
        await Mount.Write("other", [7]);
        var hold = Hold(size == 1 ? RequestKind.Put : RequestKind.UploadPart, "a", times: 1);
        var write = Mount.Write("a", Mount.Content(size));
        await hold.Begun;
        await Mount.Truncate("a", 0).WaitAsync(TimeSpan.FromSeconds(30));
        await write;
        Assert.Empty(Store["a"].Data);

        hold = Hold(size == 1 ? RequestKind.Put : RequestKind.UploadPart, "a", times: 1);
        write = Mount.Write("a", Mount.Content(size));
        await hold.Begun;
        await Mount.Rename("other", "a").WaitAsync(TimeSpan.FromSeconds(30));
        await write;
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([7], Store["a"].Data);
        Assert.Equal(["a"], Store.Keys);
        await Until(() => Store.OpenUploads == 0);
    }

    [Fact]
    public async Task A_file_that_is_emptied_while_its_directory_is_renamed_goes_along()
    {
        await Mount.MakeDirectory("d");
        var hold = Hold(RequestKind.Put, "d/a", times: 1);
        var write = Mount.Write("d/a", [1, 2]);
        await hold.Begun;
        var rename = Mount.Rename("d", "e");
        await Task.Delay(50);
        await Mount.Truncate("d/a", 0).WaitAsync(TimeSpan.FromSeconds(30));
        await rename;
        await write;
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(["e/", "e/a"], Store.Keys);
        Assert.Empty(Store["e/a"].Data);
    }

    [Fact]
    public async Task The_end_of_the_mount_ends_what_is_being_sent()
    {
        var hold = Hold(RequestKind.UploadPart, null, times: 1000);
        var write = Mount.Write("a", Mount.Content(Large));
        await hold.Begun;
        using var giveUp = new CancellationTokenSource();
        var drain = Mount.Files.DrainAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drain);
        var (key, loss) = Assert.Single(await Mount.Files.KeepUnsavedAsync(default).AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(("a", "there is no journal"), (key, loss));
        await Assert.ThrowsAnyAsync<Exception>(() => write);
    }

    [Fact]
    public async Task While_the_service_is_away_one_change_at_a_time_finds_out_and_then_all_go()
    {
        Faults.Fail(RequestKind.Put, null, times: 1000);
        for (var i = 0; i < 5; i++)
        {
            await Fails.With(FsError.Unavailable, () => Mount.Write($"f{i}", [1]));
        }
        Store.Requests.Clear();
        Assert.All(Mount.Files.Unsaved, one => Assert.Equal((ChangeState.Waiting, "as the test wants it"), (one.State, one.Failure)));
        Assert.All(Mount.Files.Unsaved, one => Assert.Equal(Clock.GetUtcNow() + TimeSpan.FromSeconds(5), one.NextTry!.Value));
        Mount.Pass(6);
        await Until(() => Mount.Files.Unsaved.All(one => one.State == ChangeState.Waiting));
        await Task.Delay(100);
        Assert.Single(Mount.Files.Unsaved, one => one.NextTry > Clock.GetUtcNow());
        Faults.Heal();
        for (var i = 0; i < 100 && Mount.Files.Unsaved.Count > 0; i++)
        {
            Mount.Pass(0.3);
            await Task.Delay(20);
        }
        Assert.Equal(5, Store.Keys.Count);
    }

    [Fact]
    public void Pauses_grow_and_those_after_a_refusal_most()
    {
        var away = new FsException(FsError.Unavailable, "away");
        var refused = new FsException(FsError.AccessDenied, "no");
        Assert.Equal([5, 10, 20, 40, 60, 60], Enumerable.Range(1, 6).Select(tries => BackOff.After(tries, away).TotalSeconds));
        Assert.Equal([5, 10, 20, 40, 80, 160], Enumerable.Range(1, 6).Select(tries => BackOff.After(tries, refused).TotalSeconds));
        Assert.Equal((60.0, 3600.0), (BackOff.After(1000, away).TotalSeconds, BackOff.After(1000, refused).TotalSeconds));
    }

    private (Task Begun, Action Release) Hold(RequestKind kind, string? key, int times = 1)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(kind, key, async token =>
        {
            begun.TrySetResult();
            await goOn.Task.WaitAsync(token);
        }, times: times);
        return (begun.Task, goOn.SetResult);
    }

    private Task Stored() => Until(() => Mount.Files.Unsaved.Count == 0);

    private async Task Until(Func<bool> isSo)
    {
        for (var i = 0; i < 500 && !isSo(); i++)
        {
            Mount.Pass(0.05);
            await Task.Delay(20);
        }
        Assert.True(isSo());
    }
}
