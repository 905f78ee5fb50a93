using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>What handles see while names come and go.</summary>
public sealed class OpenFiles : MountTest
{
    private const OpenFlags ReadWrite = OpenFlags.Read | OpenFlags.Write;

    [Theory]
    [InlineData(1000)]
    [InlineData(500_000)]
    public async Task An_unlinked_file_stays_readable_and_writable_through_its_handle(int size)
    {
        await Mount.Write("a", Mount.Content(size));
        await Mount.Remount();
        var handle = await Mount.Open("a", ReadWrite);
        await Mount.Unlink("a");
        Assert.False(await Mount.Exists("a"));
        Assert.Empty(Store.Keys);
        Assert.Equal(Mount.Content(size), await Mount.ReadAt(handle, 0, size + 1));
        await Mount.WriteAt(handle, 3, [9, 9]);
        var expected = Mount.Content(size);
        expected[3] = expected[4] = 9;
        Assert.Equal(expected, await Mount.ReadAt(handle, 0, size + 1));
        await Mount.Close(handle);
        Assert.Empty(Store.Keys);
        Assert.Empty(Mount.Files.Unsaved);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_found_a_name_before_its_file_was_replaced_or_removed_is_to_look_again(bool isReplaced)
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        var old = await Mount.InodeOf("a");
        await (isReplaced ? Mount.Rename("b", "a") : Mount.Unlink("a"));
        await Fails.With(FsError.Stale, () => Mount.Files.OpenAsync(old, OpenFlags.Read, Mount.User, default).AsTask());
        await Fails.With(FsError.Stale, () => Mount.Files.GetAttributesAsync(old, null, default).AsTask());
        await Fails.With(FsError.Stale, () => Mount.Files.SetAttributesAsync(old, null, new AttributeChange { Size = 0 }, Mount.User, default).AsTask());
        Assert.Equal(isReplaced, await Mount.Exists("a"));
    }

    [Fact]
    public async Task A_file_unlinked_before_it_was_stored_is_never_stored()
    {
        var handle = await Mount.Create("a");
        var inode = await Mount.InodeOf("a");
        await Mount.WriteAt(handle, 0, [1, 2, 3]);
        await Mount.Unlink("a");
        Assert.Equal(0u, (await Mount.Files.GetAttributesAsync(inode, handle, default)).LinkCount);
        await Mount.Files.SyncAsync(handle, default);
        Assert.Equal([1, 2, 3], await Mount.ReadAt(handle, 0, 10));
        await Mount.Close(handle);
        Assert.Equal(0, Store.Requests.Count(RequestKind.Put));
    }

    [Fact]
    public async Task A_renamed_file_is_written_on_under_its_new_name()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1, 2]);
        await Mount.Files.FlushAsync(handle, null, default);
        await Mount.Rename("a", "b");
        await Mount.WriteAt(handle, 2, [3]);
        await Mount.Close(handle);
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([1, 2, 3], Store["b"].Data);
    }

    [Fact]
    public async Task A_file_renamed_with_unsaved_changes_arrives_with_them()
    {
        await Mount.Write("a", [1, 2, 3]);
        var handle = await Mount.Open("a", ReadWrite);
        await Mount.WriteAt(handle, 1, [9]);
        await Mount.Rename("a", "b");
        Assert.Equal([1, 9, 3], await Mount.Read("b"));
        await Mount.Close(handle);
        Assert.Equal([1, 9, 3], Store["b"].Data);
        Assert.Equal(["b"], Store.Keys);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_target_that_is_open_is_replaced_and_still_read_by_its_handle(bool sourceIsStored)
    {
        await Mount.Write("target", Mount.Content(200_000, 1));
        await Mount.Remount();
        var target = await Mount.Open("target");
        var source = await Mount.Create("source");
        await Mount.WriteAt(source, 0, Mount.Content(1000, 2));
        if (sourceIsStored)
        {
            await Mount.Files.FlushAsync(source, null, default);
        }
        await Mount.Rename("source", "target");
        Assert.Equal(Mount.Content(200_000, 1), await Mount.ReadAt(target, 0, 1 << 20));
        Assert.Equal(Mount.Content(1000, 2), await Mount.Read("target"));
        await Mount.Close(source);
        await Mount.Close(target);
        Assert.Equal(["target"], Store.Keys);
        Assert.Equal(Mount.Content(1000, 2), Store["target"].Data);
    }

    [Fact]
    public async Task A_read_goes_on_while_the_files_metadata_is_stored()
    {
        await Mount.Write("a", Mount.Content(6 << 20));
        await Mount.Remount();
        var handle = await Mount.Open("a");
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        Task<byte[]>? reading = null;
        Faults.After(RequestKind.Copy, "a", async _ =>
        {
            // The store has the copy, under another ETag, and nobody here knows yet.
            reading = Mount.ReadAt(handle, 0, 6 << 20);
            await Task.WhenAny(reading, Task.Delay(200, CancellationToken.None));
        });
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(Mount.Content(6 << 20), await reading!);
        await Mount.Close(handle);
    }

    [Fact]
    public async Task A_name_that_was_claimed_is_there_at_once_and_its_content_with_close()
    {
        var handle = await Mount.Create("a", OpenFlags.Write | OpenFlags.Exclusive);
        Assert.Equal([], Store["a"].Data);
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Close(handle);
        Assert.Equal([1], Store["a"].Data);
        Store.Requests.Clear();
        await Mount.Close(await Mount.Create("empty", OpenFlags.Write | OpenFlags.Exclusive | OpenFlags.Truncate));
        Assert.Equal(1, Store.Requests.Count(RequestKind.Put));
    }

    [Fact]
    public async Task A_claimed_file_that_is_renamed_while_it_is_written_replaces_nothing_until_it_is_closed()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Create("a~", OpenFlags.Write | OpenFlags.Exclusive);
        await Mount.WriteAt(handle, 0, [2, 2]);
        await Mount.Rename("a~", "a");
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([1], Store["a"].Data);
        Assert.Equal([2, 2], await Mount.Read("a"));
        await Mount.WriteAt(handle, 2, [3]);
        await Mount.Close(handle);
        Assert.Equal([2, 2, 3], Store["a"].Data);
        Assert.Equal(["a"], await Mount.List());

        handle = await Mount.Create("b~", OpenFlags.Write | OpenFlags.Exclusive);
        await Mount.WriteAt(handle, 0, [4]);
        await Mount.Rename("b~", "b");
        await Mount.Close(handle);
        Assert.Equal(["a", "b"], Store.Keys);
        Assert.Equal([4], Store["b"].Data);
    }

    [Fact]
    public async Task A_rename_that_must_not_replace_does_not()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        await Fails.With(FsError.Exists, () => Mount.Rename("a", "b", RenameFlags.NoReplace));
        Assert.Equal([2], await Mount.Read("b"));
        await Mount.Rename("a", "c", RenameFlags.NoReplace);
        Assert.Equal(["b", "c"], Store.Keys);
    }

    [PosixFact]
    public async Task Two_names_are_not_exchanged()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        await Fails.With(FsError.InvalidArgument, () => Mount.Rename("a", "b", RenameFlags.Exchange));
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task A_name_that_another_writer_took_meanwhile_is_not_replaced()
    {
        await Mount.Write("a", [1]);
        await Mount.List();
        Store.PutForeign("b", [2]);
        await Fails.With(FsError.Exists, () => Mount.Rename("a", "b", RenameFlags.NoReplace));
        Assert.Equal([2], Store["b"].Data);
        Assert.Equal([1], Store["a"].Data);
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task Two_handles_append_after_each_other()
    {
        var one = await Mount.Create("log");
        var two = await Mount.Open("log", OpenFlags.Write | OpenFlags.Append);
        for (byte i = 0; i < 10; i++)
        {
            await Mount.WriteAt(i % 2 == 0 ? one : two, 0, [i, i], append: true);
        }
        await Mount.Close(one);
        await Mount.Close(two);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (byte)(i / 2)), Store["log"].Data);
    }

    [Fact]
    public async Task A_file_grown_again_after_a_cut_reads_as_zeros()
    {
        await Mount.Write("a", Mount.Content(300_000));
        await Mount.Truncate("a", 10);
        await Mount.Truncate("a", 200_000);
        var expected = new byte[200_000];
        Mount.Content(300_000).AsSpan(0, 10).CopyTo(expected);
        Assert.Equal(expected, await Mount.Read("a"));
        Assert.Equal(expected, Store["a"].Data);
    }

    [Fact]
    public async Task Ranges_are_reserved_punched_and_zeroed()
    {
        var data = Mount.Content(300_000);
        await Mount.Write("a", data);
        await Mount.Remount();
        var handle = await Mount.Open("a", ReadWrite);
        await Mount.Files.AllocateAsync(handle, AllocateMode.ReserveKeepSize, 0, 1_000_000, default);
        await Mount.Files.AllocateAsync(handle, AllocateMode.Reserve, 0, 100, default);
        Assert.Equal(data, await Mount.ReadAt(handle, 0, 1 << 20));
        await Mount.Files.AllocateAsync(handle, AllocateMode.PunchHole, 100, 200_000, default);
        data.AsSpan(100, 200_000).Clear();
        Assert.Equal(data, await Mount.ReadAt(handle, 0, 1 << 20));
        await Mount.Files.AllocateAsync(handle, AllocateMode.ZeroRangeKeepSize, 299_990, 100, default);
        data.AsSpan(299_990).Clear();
        Assert.Equal(data, await Mount.ReadAt(handle, 0, 1 << 20));
        await Mount.Files.AllocateAsync(handle, AllocateMode.ZeroRange, 250_000, 100_000, default);
        data.AsSpan(250_000).Clear();
        Array.Resize(ref data, 350_000);
        await Mount.Files.AllocateAsync(handle, AllocateMode.Reserve, 0, 400_000, default);
        Array.Resize(ref data, 400_000);
        Assert.Equal(data, await Mount.ReadAt(handle, 0, 1 << 20));
        await Mount.Close(handle);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal(data, Store["a"].Data);
        await Fails.With(FsError.BadHandle, async () => await Mount.Files.AllocateAsync(handle, AllocateMode.Reserve, 0, 1, default));
    }

    [PosixFact]
    public async Task A_handle_can_do_only_what_it_was_opened_for()
    {
        await Mount.Write("a", [1]);
        var reader = await Mount.Open("a");
        var writer = await Mount.Open("a", OpenFlags.Write);
        await Fails.With(FsError.BadHandle, () => Mount.WriteAt(reader, 0, [1]));
        await Fails.With(FsError.BadHandle, () => Mount.ReadAt(writer, 0, 1));
        await Mount.Close(reader);
        await Mount.Close(writer);
        await Fails.With(FsError.BadHandle, () => Mount.ReadAt(reader, 0, 1));
        await Fails.With(FsError.IsDirectory, () => Mount.Open(""));
    }

    [Fact]
    public async Task A_reader_in_the_middle_of_a_file_is_not_disturbed_by_a_writer_that_stores_it()
    {
        var data = Mount.Content(400_000);
        await Mount.Write("a", data);
        await Mount.Remount();
        var reader = await Mount.Open("a");
        var writer = await Mount.Open("a", OpenFlags.Write);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Get, "a", async _ =>
        {
            arrived.TrySetResult();
            await goOn.Task;
        }, times: 10);
        await Mount.WriteAt(writer, 390_000, [1, 2, 3]);
        var reading = Mount.ReadAt(reader, 0, 1 << 20);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var storing = Mount.Close(writer);
        await Task.Delay(50);
        goOn.SetResult();
        await storing;
        byte[] changed = [.. data];
        new byte[] { 1, 2, 3 }.CopyTo(changed, 390_000);
        Assert.Equal(changed, await reading);
        Assert.Equal(changed, await Mount.ReadAt(reader, 0, 1 << 20));
        await Mount.Close(reader);
    }

    [Fact]
    public async Task A_fetch_under_way_survives_the_replacement_of_the_version_by_our_own_writer()
    {
        var data = Mount.Content(400_000);
        await Mount.Write("a", data);
        await Mount.Remount();
        var reader = await Mount.Open("a");
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Get, "a", async _ =>
        {
            arrived.TrySetResult();
            await goOn.Task;
        });
        var reading = Mount.ReadAt(reader, 200_000, 1000);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var replacement = Mount.Content(400_000, 2);
        await Mount.Write("a", replacement);
        goOn.SetResult();
        var read = await reading;
        Assert.True(read.AsSpan().SequenceEqual(data.AsSpan(200_000, 1000)) || read.AsSpan().SequenceEqual(replacement.AsSpan(200_000, 1000)));
        await Mount.Close(reader);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task An_open_answered_late_does_not_undo_what_was_stored_meanwhile(int size)
    {
        await Mount.Write("a", new byte[size]);
        await Mount.Remount();
        var writer = await Mount.Open("a", OpenFlags.Write);
        var inode = await Mount.InodeOf("a");
        var kind = size == 0 ? RequestKind.Head : RequestKind.Get;
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Mount.Pass(5);
        Faults.After(kind, "a", async _ =>
        {
            answered.SetResult();
            await goOn.Task;
        });
        var late = Task.Run(async () => await Mount.Files.OpenAsync(inode, OpenFlags.Read, new Caller(1000, 1000, 99), default));
        await Task.WhenAny(answered.Task, late);
        await Mount.WriteAt(writer, 0, [7, 8]);
        await Mount.Files.SyncAsync(writer, default);
        goOn.SetResult();
        await Mount.Close((await late).Handle);
        Assert.Equal(inode, await Mount.InodeOf("a"));
        await Mount.WriteAt(writer, 0, [9]);
        await Mount.Close(writer);
        Assert.Equal([9, 8], Store["a"].Data);
        Assert.Equal(["a"], Store.Keys);
    }
}
