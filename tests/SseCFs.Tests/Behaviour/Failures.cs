using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>The store fails, or a wait is given up: nothing is lost and nothing is half done.</summary>
public sealed class Failures : MountTest
{
    [PosixFact]
    public async Task A_failed_upload_is_told_by_close_and_tried_again()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Mount.Content(1000));
        Faults.Fail(RequestKind.Put, "a", times: 2);
        await Fails.With(FsError.Unavailable, () => Mount.Close(handle));
        Assert.Equal(Mount.Content(1000), await Mount.Read("a"));
        Assert.Equal(["a"], Mount.Files.Unsaved.Select(u => u.Key));
        for (var i = 0; i < 50 && Store.Keys.Count == 0; i++)
        {
            Mount.Pass(1);
            await Task.Delay(20);
        }
        Assert.Equal(Mount.Content(1000), Store["a"].Data);
    }

    [PosixFact]
    public async Task A_failed_close_is_tried_again_although_another_has_the_file_open()
    {
        var other = await Mount.Create("a", OpenFlags.Write);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [1, 2, 3]);
        Faults.Fail(RequestKind.Put, "a", times: 2);
        await Fails.With(FsError.Unavailable, () => Mount.Close(handle));
        for (var i = 0; i < 50 && Store.Keys.Count == 0; i++)
        {
            Mount.Pass(1);
            await Task.Delay(20);
        }
        Assert.Equal([1, 2, 3], Store["a"].Data);
        await Mount.Close(other);
    }

    [Fact]
    public async Task What_failed_is_stored_by_the_drain()
    {
        await Mount.Write("a", [1]);
        Faults.Fail(RequestKind.Put, null, times: 100);
        await Fails.With(FsError.Unavailable, () => Mount.Write("a", [1, 2]));
        await Fails.With(FsError.Unavailable, () => Mount.Write("b", [3]));
        Assert.Equal(2, await Mount.Files.DrainAsync(default));
        Assert.Equal(2, Mount.Files.Unsaved.Count(u => u.Failure is not null));
        Faults.Heal();
        await Mount.Remount();
        Assert.Equal([1, 2], Store["a"].Data);
        Assert.Equal([3], Store["b"].Data);
    }

    [Fact]
    public async Task The_drain_stores_what_is_open_and_what_was_asked_to_wait()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        await Mount.Change("d/a", new AttributeChange { Mode = 0x180 });
        var handle = await Mount.Create("d/open");
        await Mount.WriteAt(handle, 0, [5]);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([5], Store["d/open"].Data);
        Assert.Equal("33152", Store["d/a"].Metadata.User["mode"]);
        Assert.Empty(Mount.Files.Unsaved);
    }

    [Fact]
    public async Task The_drain_waits_for_what_is_being_stored_already()
    {
        await Mount.Write("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Put, "a", async _ =>
        {
            begun.SetResult();
            await goOn.Task;
        });
        for (var i = 0; i < 50 && !begun.Task.IsCompleted; i++)
        {
            Mount.Pass(0.5);
            await Task.Delay(20);
        }
        Assert.True(begun.Task.IsCompleted);
        var draining = Mount.Files.DrainAsync(default).AsTask();
        await Task.WhenAny(draining, Task.Delay(200));
        var wasDone = draining.IsCompleted;
        goOn.SetResult();
        Assert.Equal(0, await draining);
        Assert.False(wasDone, "the drain ended while an upload was under way");
        Assert.Equal("33152", Store["a"].Metadata.User["mode"]);
    }

    [Fact]
    public async Task A_truncate_by_name_that_fails_is_not_forgotten()
    {
        await Mount.Write("a", [1, 2, 3]);
        Faults.Fail(RequestKind.Put, "a");
        await Fails.With(FsError.Unavailable, () => Mount.Truncate("a", 1));
        Assert.Equal((await Mount.Read("a")).Length, (await Mount.Stat("a")).Size);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(await Mount.Read("a"), Store["a"].Data);
    }

    [Fact]
    public async Task A_rename_that_fails_leaves_the_file_where_it_was()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        Faults.Fail(RequestKind.Put, "b");
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        Assert.Equal([1], await Mount.Read("a"));
        Assert.Equal([2], await Mount.Read("b"));
        await Mount.Rename("a", "b");
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([1], Store["b"].Data);
    }

    [Fact]
    public async Task Multipart_uploads_that_fail_are_dropped()
    {
        var data = Mount.Content(20 << 20);
        Store.PutForeign("big", data.ToArray());
        var handle = await Mount.Open("big", OpenFlags.Write);
        await Mount.WriteAt(handle, 9 << 20, [1]);
        Faults.Fail(RequestKind.UploadPart, "big");
        await Fails.With(FsError.Unavailable, () => Mount.Close(handle));
        Assert.Equal(0, Store.OpenUploads);
        Assert.Equal(1, Store.Requests.Count(RequestKind.Abort));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        data[9 << 20] = 1;
        Assert.True(data.AsSpan().SequenceEqual(Store["big"].Data));
    }

    [Fact]
    public async Task An_upload_begun_while_the_file_was_written_goes_on_where_it_failed()
    {
        Faults.Fail(RequestKind.UploadPart, "big", nth: 2, times: 100);
        var data = Mount.Content(20 << 20);
        await Fails.With(FsError.Unavailable, () => Mount.Write("big", data));
        Faults.Heal();
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.True(data.AsSpan().SequenceEqual(Store["big"].Data));
        // One more if the file was closed before its first part had left.
        Assert.InRange(Store.Requests.Count(RequestKind.UploadPart), 3, 4);
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task A_flush_given_up_after_it_was_carried_out_is_no_conflict()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        using var interrupt = new CancellationTokenSource();
        Faults.After(RequestKind.Put, "a", _ =>
        {
            interrupt.Cancel();
            throw new OperationCanceledException(interrupt.Token);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Mount.Files.FlushAsync(handle, null, interrupt.Token));
        await Mount.WriteAt(handle, 1, [2]);
        await Mount.Close(handle);
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([1, 2], Store["a"].Data);
    }

    [Fact]
    public async Task A_read_that_is_given_up_does_not_disturb_the_next()
    {
        Store.PutForeign("a", Mount.Content(300_000));
        var handle = await Mount.Open("a");
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Get, "a", _ => goOn.Task);
        using var interrupt = new CancellationTokenSource();
        var segments = new ReadSegments();
        var given = Mount.Files.ReadAsync(handle, 200_000, 1000, segments, interrupt.Token).AsTask();
        var patient = Mount.ReadAt(handle, 200_000, 1000);
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        segments.Release();
        goOn.SetResult();
        Assert.Equal(Mount.Content(300_000)[200_000..201_000], await patient);
        await Mount.Close(handle);
    }

    [Theory]
    [InlineData(RequestKind.Put)]
    [InlineData(RequestKind.Delete)]
    public async Task A_rename_that_is_given_up_loses_no_data_and_no_lock(RequestKind where)
    {
        await Mount.Write("a", [1]);
        using var interrupt = new CancellationTokenSource();
        Faults.Before(where, null, token =>
        {
            interrupt.Cancel();
            token.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        });
        try
        {
            await Mount.Rename("a", "b", cancellation: interrupt.Token);
        }
        catch (OperationCanceledException)
        {
            // Allowed; what counts is that the file is at one of its places.
        }
        Mount.Pass();
        var names = await Mount.List();
        Assert.Single(names);
        Assert.Equal([1], await Mount.Read(names[0]));
        await Mount.Rename(names[0], "c");
        Assert.Equal(["c"], Store.Keys);
    }

    [Fact]
    public async Task A_failed_listing_says_so_and_the_next_one_works()
    {
        await Mount.Write("a", [1]);
        Mount.Pass();
        Faults.Fail(RequestKind.List, "");
        await Fails.With(FsError.Unavailable, () => Mount.List());
        Assert.Equal(["a"], await Mount.List());
    }
}
