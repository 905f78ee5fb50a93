using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>The process ends in the middle, or before everything could be stored: the next mount goes on.</summary>
public sealed class Interruptions() : JournalTest(isWriteBack: false)
{
    [Fact]
    public async Task Close_waits_for_the_service_and_nothing_is_kept()
    {
        await Mount.Write("a", [1]);
        await Mount.Rename("a", "b");
        Assert.Equal([1], Store["b"].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task What_could_not_be_stored_when_the_mount_ended_is_stored_by_the_next()
    {
        Store.PutForeign("stored", Mount.Content(3000));
        await Mount.MakeDirectory("d");
        Faults.Fail(RequestKind.Put, null, times: 1000);
        Faults.Fail(RequestKind.Copy, null, times: 1000);
        await Fails.With(FsError.Unavailable, () => Mount.Write("a", Mount.Content(200_000)));
        await Mount.Change("stored", new AttributeChange { Mode = 0x180 });
        await Mount.Change("d", new AttributeChange { Mode = 0x1C0 });
        var open = await Mount.Create("open");
        await Mount.WriteAt(open, 0, [9]);
        Assert.NotEqual(0, await Mount.Files.DrainAsync(default));
        var left = await Mount.Files.KeepUnsavedAsync(default);
        Assert.Equal(["a", "d/", "open", "stored"], left.Select(one => one.Key).Order(StringComparer.Ordinal));
        Assert.All(left, one => Assert.Null(one.Loss));
        Faults.Heal();

        Assert.Equal(4, await Kill());
        await Upload();
        Assert.Equal(Mount.Content(200_000), Store["a"].Data);
        Assert.Equal([9], Store["open"].Data);
        Assert.Equal(Mount.Content(3000), Store["stored"].Data);
        Assert.Equal("33152", Store["stored"].Metadata.User["mode"]);
        Assert.Equal("16832", Store["d/"].Metadata.User["mode"]);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task Half_an_upload_that_could_not_be_completed_is_completed_by_the_next_mount()
    {
        var expected = Mount.Content(60 << 20);
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, expected);
        Faults.Fail(RequestKind.UploadPart, null, times: 1000);
        Faults.Fail(RequestKind.Complete, null, times: 1000);
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        await Mount.WriteAt(handle, 1000, [1, 2, 3]);
        (expected[1000], expected[1001], expected[1002]) = (1, 2, 3);
        Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        Assert.True(new FileInfo(Assert.Single(Kept)).Length < expected.Length, "what the service has is not kept here, too");

        // Asked again, as by a second signal, it is kept all the same.
        Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));

        // The service is still away: it waits for the mount after the next one.
        await Kill();
        Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        Faults.Heal();
        await Kill();
        Assert.Equal(expected, await Mount.Read("a"));
        await Upload();
        Assert.Equal(expected, Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task Something_appended_to_half_an_upload_of_an_earlier_mount_is_stored_with_it()
    {
        var expected = Mount.Content(60 << 20);
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, expected[..(50 << 20)]);
        Faults.Fail(RequestKind.Complete, null, times: 1000);
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        await Mount.Files.KeepUnsavedAsync(default);
        await Kill();
        var again = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(again, 50 << 20, expected[(50 << 20)..]);
        Faults.Heal();
        await Mount.Close(again);
        await Upload();
        Assert.Equal(expected, Store["a"].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task Half_an_upload_outlives_mounts_that_cannot_complete_it()
    {
        var expected = await KeepHalfAnUpload("a");
        var kept = Assert.Single(Kept);

        // It fails, as in a recovery, and ends without keeping anything anew.
        await Kill();
        Assert.NotEqual(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([kept], Kept);
        Assert.Equal(1, Store.OpenUploads);

        // It is interrupted.
        await Kill();
        using (var stop = new CancellationTokenSource())
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Mount.Files.DrainAsync(stop.Token));
        }
        Assert.Equal([kept], Kept);
        Assert.Equal(1, Store.OpenUploads);

        // It cannot be saved anew when the mount ends.
        await Kill();
        Assert.NotEqual(0, await Mount.Files.DrainAsync(default));
        var next = Path.GetDirectoryName(kept)![..^1] + "2";
        await File.WriteAllTextAsync(next, "in the way", TestContext.Current.CancellationToken);
        Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        Assert.Equal([kept], Kept);
        await Kill();
        File.Delete(next);
        Assert.Equal(1, Store.OpenUploads);

        // What it is recorded as beside the save is not what it is any more.
        Register.Begin("a", Assert.Single(Store.UploadIds));
        await Kill();
        Assert.Equal(1, Store.OpenUploads);
        Assert.Equal([kept], Kept);

        Faults.Heal();
        await Kill();
        await Upload();
        Assert.Equal(expected, Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
        Assert.Empty(Kept);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_completion_that_a_mount_did_not_hear_of_is_found_by_the_next(bool isAtEnd)
    {
        var expected = await KeepHalfAnUpload("a");
        await Kill();
        Faults.Heal();
        Faults.After(RequestKind.Complete, "a", _ => throw new FsException(FsError.Unavailable, "lost"));
        Faults.Fail(RequestKind.Head, "a", times: 1000);
        Assert.NotEqual(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(0, Store.OpenUploads);
        if (isAtEnd)
        {
            Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        }
        Faults.Heal();
        await Kill();
        await Upload();
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal(expected, Store["a"].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_completion_with_other_content_is_not_taken_for_what_was_kept()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Mount.Content(60 << 20));
        Faults.After(RequestKind.Complete, "a", _ => throw new FsException(FsError.Unavailable, "lost"));
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        Faults.Fail(RequestKind.UploadPart, null, times: 1000);
        await Mount.WriteAt(handle, (60 << 20) - 3, [1, 2, 3]);
        Assert.Equal([("a", null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        Faults.Heal();
        await Kill();
        Assert.Equal(1, await Mount.Files.DrainAsync(default));
        Assert.Single(Kept);
    }

    [Fact]
    public async Task Half_an_upload_of_a_file_that_is_removed_is_taken_back()
    {
        await KeepHalfAnUpload("a");
        await Kill();
        await Mount.Unlink("a");
        Assert.Empty(Kept);
        await Kill();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task Half_an_upload_whose_file_was_cut_is_taken_back_once_the_rest_is_stored()
    {
        var expected = await KeepHalfAnUpload("a");
        await Kill();
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = 5 }, Mount.User, default);
        // Nobody was told that it is cut: as it was it is still kept.
        Assert.Single(Kept);
        await Kill();
        Assert.Equal(1, Store.OpenUploads);
        Assert.Equal(60 << 20, (await Mount.Stat("a")).Size);
        handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = 5 }, Mount.User, default);
        Faults.Heal();
        await Mount.Close(handle);
        await Mount.Files.DrainAsync(default);
        Assert.Equal(expected[..5], Store["a"].Data);
        Assert.Empty(Kept);
        await Kill();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(6 << 20)]
    public async Task A_rename_that_copied_is_finished(int size)
    {
        await Mount.Write("a", Mount.Content(size));
        Faults.Fail(RequestKind.Delete, "a", times: 1000);
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        Assert.Equal(["a", "b"], Store.Keys);
        Assert.Single(Kept);
        Faults.Heal();
        await Kill();
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal(Mount.Content(size), Store["b"].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_rename_whose_source_was_written_since_keeps_both()
    {
        await Mount.Write("a", [1]);
        Faults.Fail(RequestKind.Delete, "a", times: 1000);
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        Faults.Heal();
        Store.PutForeign("a", [2]);
        await Kill();
        Assert.Equal(["a", "b"], Store.Keys);
        Assert.Equal([2], Store["a"].Data);
        Assert.Empty(Kept);
    }

    [PosixFact]
    public async Task A_rename_over_a_file_that_did_not_copy_leaves_both_as_they_were()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Put, "b", async cancellation =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        using var stop = new CancellationTokenSource();
        var rename = Mount.Rename("a", "b", cancellation: stop.Token);
        await begun.Task;
        Assert.Single(Kept);
        await Kill();
        Assert.Equal([1], Store["a"].Data);
        Assert.Equal([2], Store["b"].Data);
        Assert.Empty(Kept);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rename);
    }

    [Theory]
    [InlineData(RequestKind.Copy)]
    [InlineData(RequestKind.Delete)]
    public async Task A_directory_rename_that_was_interrupted_is_finished_or_undone(RequestKind at)
    {
        await Mount.MakeDirectory("d");
        for (var i = 0; i < 20; i++)
        {
            await Mount.Write($"d/{i:D2}", [(byte)i]);
        }
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(at, null, async _ =>
        {
            begun.TrySetResult();
            await end.Task;
        }, nth: 10, times: 1000);
        var rename = Mount.Rename("d", "e");
        await begun.Task;
        Assert.Single(Kept);
        var progress = Assert.Single(Mount.Files.Renames);
        Assert.Equal(("d/", "e/", 21, at == RequestKind.Delete), (progress.From, progress.To, progress.Objects, progress.Copied == 21));
        Faults.Heal();
        await Kill();
        // As long as copies are missing it is undone, then it is finished.
        var name = at == RequestKind.Copy ? "d" : "e";
        Assert.Equal([name + "/", .. Enumerable.Range(0, 20).Select(i => $"{name}/{i:D2}")], Store.Keys);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal([(byte)i], Store[$"{name}/{i:D2}"].Data));
        Assert.Empty(Kept);
        Assert.Equal(20, (await Mount.List(name)).Count);
        end.SetException(new FsException(FsError.Unavailable, "killed"));
        await Fails.With(FsError.Unavailable, () => rename);
    }

    [Fact]
    public async Task What_is_made_under_the_old_name_after_a_directory_rename_failed_is_not_moved_later()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        await Mount.Write("d/b", [2]);
        Faults.Fail(RequestKind.Delete, "d/a", FsError.AccessDenied, times: 1000);
        Faults.Fail(RequestKind.Delete, "d/b", FsError.AccessDenied, times: 1000);
        Faults.Fail(RequestKind.Delete, "d/", FsError.AccessDenied, times: 1000);
        await Assert.ThrowsAnyAsync<Exception>(() => Mount.Rename("d", "e"));
        Faults.Heal();
        Store.PutForeign("d/new", [3]);
        await Kill();
        Assert.Equal(["d/new", "e/", "e/a", "e/b"], Store.Keys);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_copy_of_a_directory_rename_that_was_not_answered_is_undone_too()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        Faults.After(RequestKind.Copy, "e/a", _ => throw new FsException(FsError.Unavailable, "as the test wants it"));
        await Fails.With(FsError.Unavailable, () => Mount.Rename("d", "e"));
        Assert.Equal(["d/", "d/a"], Store.Keys);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_rename_whose_reply_was_lost_is_done()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        Faults.After(RequestKind.Put, "b", _ => throw new FsException(FsError.Unavailable, "as the test wants it"));
        await Mount.Rename("a", "b");
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([1], await Mount.Read("b"));
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_rename_in_doubt_is_finished_once_the_service_can_be_asked()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        Faults.After(RequestKind.Put, "b", _ =>
        {
            Faults.Fail(RequestKind.Head, "b", times: 1000);
            throw new FsException(FsError.Unavailable, "as the test wants it");
        });
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        Assert.Single(Kept);
        Faults.Heal();
        Mount.Pass();
        Assert.False(await Mount.Exists("a"));
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([1], await Mount.Read("b"));
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_removal_whose_reply_was_lost_is_done()
    {
        await Mount.Write("a", [1]);
        Faults.After(RequestKind.Delete, "a", _ => throw new FsException(FsError.Unavailable, "as the test wants it"));
        await Mount.Unlink("a");
        Assert.Empty(Store.Keys);
    }

    [PosixFact]
    public async Task What_is_stored_after_a_removal_of_unknown_outcome_is_no_conflict()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Open("a", OpenFlags.Read | OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2]);
        Faults.After(RequestKind.Delete, "a", _ =>
        {
            Faults.Fail(RequestKind.Head, "a", times: 1000);
            throw new FsException(FsError.Unavailable, "as the test wants it");
        });
        await Fails.With(FsError.Unavailable, () => Mount.Unlink("a"));
        Faults.Heal();
        await Mount.Close(handle);
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([2], Store["a"].Data);
    }

    [Fact]
    public async Task Uploads_that_were_under_way_are_taken_back()
    {
        using (Register.Begin("a", "upload-1"))
        {
            Register.Begin("b", "upload-2");
        }
        Assert.Single(Kept, path => path.EndsWith(".upload", StringComparison.Ordinal));
        var aborted = new List<string>();
        Store.Requests.Clear();
        // One that begins meanwhile has a place of its own.
        Faults.Before(RequestKind.Abort, "b", _ =>
        {
            aborted.Add("b");
            Register.Begin("c", "upload-3").Dispose();
            return Task.CompletedTask;
        });
        await Kill();
        Assert.Equal(["b"], aborted);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_directory_rename_that_failed_and_could_not_be_undone_is_undone_later()
    {
        await Mount.MakeDirectory("d");
        for (var i = 0; i < 20; i++)
        {
            await Mount.Write($"d/{i:D2}", [(byte)i]);
        }
        Faults.Fail(RequestKind.Copy, null, nth: 10, times: 1000);
        Faults.Fail(RequestKind.Delete, null, times: 1000);
        await Fails.With(FsError.Unavailable, () => Mount.Rename("d", "e"));
        Assert.Contains(Store.Keys, key => key.StartsWith("e/", StringComparison.Ordinal));
        Faults.Heal();
        await Kill();
        Assert.Equal(["d/", .. Enumerable.Range(0, 20).Select(i => $"d/{i:D2}")], Store.Keys);
        Assert.Empty(Kept);
    }

    /// <summary>A file of 60 MiB whose upload nobody can complete, and whose mount has ended.</summary>
    private async Task<byte[]> KeepHalfAnUpload(string name)
    {
        var expected = Mount.Content(60 << 20);
        var handle = await Mount.Create(name);
        await Mount.WriteAt(handle, 0, expected);
        Faults.Fail(RequestKind.UploadPart, null, times: 1000);
        Faults.Fail(RequestKind.Complete, null, times: 1000);
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        Assert.Equal([(name, null)], (await Mount.Files.KeepUnsavedAsync(default)).Select(one => (one.Key, one.Loss)));
        return expected;
    }

    [Fact]
    public async Task A_rename_that_cannot_be_finished_now_is_finished_later()
    {
        await Mount.Write("a", [1]);
        Faults.Fail(RequestKind.Delete, "a", times: 1000);
        var told = new OtherWriters.Sink();
        Mount.Files.Invalidation = told;
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        // The names have changed although it failed.
        Assert.Equal([(IFileSystem.RootInode, "a"), (IFileSystem.RootInode, "b")], told.Entries);
        await Kill();
        Assert.Single(Kept);
        Faults.Heal();
        await Kill();
        Assert.Equal(["b"], Store.Keys);
    }
}
