using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>close and fsync wait for the journal only; what it has outlives the process.</summary>
public sealed class WriteBack() : JournalTest(isWriteBack: true)
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task A_closed_file_is_in_the_journal_and_is_stored_later()
    {
        await Mount.Write("a", Mount.Content(1000));
        Assert.Empty(Store.Keys);
        Assert.Single(Kept);
        Assert.Equal(Mount.Content(1000), await Mount.Read("a"));
        await Upload();
        Assert.Equal(Mount.Content(1000), Store["a"].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_file_is_not_uploaded_while_it_stays_open()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Files.SyncAsync(handle, default);
        await Mount.Write("b", [2]);
        for (var i = 0; i < 200 && Store.Keys.Count == 0; i++)
        {
            Mount.Pass(1);
            await Task.Delay(10);
        }
        Assert.Equal(["b"], Store.Keys);
        await Mount.Close(handle);
        await Upload();
        Assert.Equal(["a", "b"], Store.Keys);
    }

    /// <summary>What was written by one of several descriptors is as safe as it was with the last one's close.</summary>
    [PosixFact]
    public async Task The_close_of_one_of_several_descriptors_saves_in_the_journal()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Files.FlushAsync(handle, () => ValueTask.FromResult(true), default);
        Assert.Single(Kept);
        Assert.Empty(Store.Keys);
        Assert.Equal(1, await Kill());
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_is_written_to_an_open_file_is_saved_when_it_is_old()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.WriteAt(handle, 5, [2]);
        for (var i = 0; i < 200 && Kept.Count == 0; i++)
        {
            Mount.Pass(1);
            await Task.Delay(10);
        }
        Assert.Single(Kept);
        Assert.Empty(Store.Keys);
        Assert.Equal(1, await Kill());
        Assert.Equal([1, 0, 0, 0, 0, 2], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_was_closed_outlives_the_process()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", Mount.Content(300_000));
        await Mount.Write("empty", []);
        await Mount.Change("d/a", new AttributeChange { Mode = 0x180 });
        Assert.Equal(2, await Kill());
        Assert.Equal(["d", "empty"], await Mount.List());
        Assert.Equal(0x8180u, (await Mount.Stat("d/a")).Mode);
        Assert.Equal(Mount.Content(300_000), await Mount.Read("d/a"));
        await Upload();
        Assert.Equal(Mount.Content(300_000), Store["d/a"].Data);
        Assert.Equal(["d/", "d/a", "empty"], Store.Keys);
        Assert.Equal("33152", Store["d/a"].Metadata.User["mode"]);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task Holes_outlive_the_process_and_take_no_room_in_the_journal()
    {
        var data = Mount.Content(40 * MiB);
        Store.PutForeign("a", data);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 1000, [1]);
        await Mount.Files.SyncAsync(handle, default);
        await Mount.Files.AllocateAsync(handle, AllocateMode.PunchHole, 500, 30 * MiB, default);
        await Mount.WriteAt(handle, 20 * MiB, [2]);
        await Mount.Close(handle);
        Assert.InRange(new FileInfo(Assert.Single(Kept)).Length, 1, 10_000);
        Assert.Equal(1, await Kill());
        data.AsSpan(500, 30 * MiB).Clear();
        data[20 * MiB] = 2;
        Assert.Equal(data[(20 * MiB - 10)..(20 * MiB + 10)], (await Mount.Read("a"))[(20 * MiB - 10)..(20 * MiB + 10)]);
        await Upload();
        Assert.True(data.AsSpan().SequenceEqual(Store["a"].Data));
    }

    [Theory]
    [InlineData(RequestKind.Put)]
    [InlineData(RequestKind.Delete)]
    public async Task A_save_of_a_file_that_an_interrupted_rename_replaced_goes_with_it(RequestKind at)
    {
        await Mount.Write("a", [1]);
        await Upload();
        await Mount.Write("b", [2]);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.After(at, at == RequestKind.Put ? "b" : "a", async _ =>
        {
            begun.SetResult();
            await end.Task;
        });
        var rename = Mount.Rename("a", "b");
        await begun.Task;
        Assert.Equal(0, await Kill());
        await Upload();
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([1], Store["b"].Data);
        Assert.Empty(Kept);
        // The process that was killed is only set aside here, and asks whether its rename was carried out.
        end.SetException(new FsException(FsError.Unavailable, "killed"));
        await Record.ExceptionAsync(() => rename);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_save_of_the_target_stays_if_a_rename_in_doubt_was_not_made_and_its_source_is_gone(bool isRemoved)
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        await Upload();
        var handle = await Mount.Open("b", OpenFlags.Read | OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [3]);
        await Mount.Files.SyncAsync(handle, default);
        Faults.Fail(RequestKind.Put, "b", times: 1000);
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        await (isRemoved ? Mount.Unlink("a") : Mount.Rename("a", "c"));
        Assert.Equal(1, await Kill());
        Faults.Heal();
        await Upload();
        Assert.Equal([3], Store["b"].Data);
        Assert.Equal(isRemoved ? ["b"] : ["b", "c"], Store.Keys.Order());
    }

    [Fact]
    public async Task What_was_written_after_the_last_fsync_is_not_in_it()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Mount.Content(200_000));
        await Mount.Files.SyncAsync(handle, default);
        await Mount.WriteAt(handle, 0, new byte[100]);
        Assert.Equal(1, await Kill());
        Assert.Equal(Mount.Content(200_000), await Mount.Read("a"));
    }

    [Fact]
    public async Task Only_what_changed_is_added_by_the_next_fsync()
    {
        var handle = await Mount.Create("a");
        var expected = Mount.Content(4 * MiB);
        await Mount.WriteAt(handle, 0, expected);
        await Mount.Files.SyncAsync(handle, default);
        for (var i = 0; i < 10; i++)
        {
            await Mount.WriteAt(handle, i * 300_000, [(byte)i, 7]);
            (expected[i * 300_000], expected[i * 300_000 + 1]) = ((byte)i, 7);
            await Mount.Files.SyncAsync(handle, default);
        }
        Assert.InRange(new FileInfo(Assert.Single(Kept)).Length, 4 * MiB, 6 * MiB);
        Assert.Equal(1, await Kill());
        Assert.Equal(expected, await Mount.Read("a"));
    }

    [Fact]
    public async Task An_fsync_of_nothing_new_writes_nothing()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Files.SyncAsync(handle, default);
        var length = new FileInfo(Assert.Single(Kept)).Length;
        await Mount.Files.SyncAsync(handle, default);
        await Mount.Close(handle);
        Assert.Equal(length, new FileInfo(Assert.Single(Kept)).Length);
    }

    [Fact]
    public async Task Cuts_and_zeros_are_kept()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Mount.Content(500_000));
        await Mount.Files.SyncAsync(handle, default);
        await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = 1000 }, Mount.User, default);
        await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = 400_000 }, Mount.User, default);
        await Mount.Files.AllocateAsync(handle, AllocateMode.PunchHole, 10, 20, default);
        await Mount.Close(handle);
        Assert.Single(Kept);
        Assert.Equal(1, await Kill());
        var expected = Mount.Content(500_000)[..400_000];
        expected.AsSpan(1000).Clear();
        expected.AsSpan(10, 20).Clear();
        Assert.Equal(expected, await Mount.Read("a"));
    }

    [Fact]
    public async Task A_change_of_a_stored_file_stands_on_its_version()
    {
        var content = Mount.Content(9 * MiB);
        Store.PutForeign("a", content);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 5 * MiB, [1, 2, 3]);
        await Mount.Close(handle);
        Assert.InRange(new FileInfo(Assert.Single(Kept)).Length, 1, 100_000);
        new byte[] { 1, 2, 3 }.CopyTo(content, 5 * MiB);
        Assert.Equal(1, await Kill());
        Assert.Equal(content, await Mount.Read("a"));
        await Upload();
        Assert.Equal(content, Store["a"].Data);
    }

    [Fact]
    public async Task An_emptied_file_does_not_show_what_it_was()
    {
        Store.PutForeign("a", Mount.Content(1000));
        await Mount.Write("a", [5]);
        Assert.Equal(1, await Kill());
        await Upload();
        Assert.Equal([5], Store["a"].Data);
    }

    [Fact]
    public async Task A_file_is_restored_under_the_name_that_it_had_last()
    {
        await Mount.Write("a", [1]);
        await Mount.Write("b", [2]);
        await Mount.Rename("a", "b");
        await Mount.Rename("b", "c");
        Assert.Equal(1, await Kill());
        Assert.Equal(["c"], await Mount.List());
        await Upload();
        Assert.Equal(["c"], Store.Keys);
        Assert.Equal([1], Store["c"].Data);
    }

    [Fact]
    public async Task A_rename_over_a_stored_file_replaces_it_after_a_crash_too()
    {
        await Mount.Write("a", [1]);
        await Upload();
        await Mount.Write("a~", [2]);
        await Mount.Rename("a~", "a");
        Assert.Equal(1, await Kill());
        Assert.Equal([2], await Mount.Read("a"));
        await Upload();
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([2], Store["a"].Data);
    }

    [PosixFact]
    public async Task A_file_in_a_renamed_directory_is_found_there()
    {
        await Mount.MakeDirectory("d");
        var handle = await Mount.Create("d/a");
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Files.SyncAsync(handle, default);
        await Mount.Rename("d", "e");
        await Kill();
        Assert.Equal([1], await Mount.Read("e/a"));
        Assert.Equal(["e"], await Mount.List());
    }

    [Fact]
    public async Task A_removed_file_does_not_come_back()
    {
        await Mount.Write("a", [1]);
        await Mount.Unlink("a");
        Assert.Empty(Kept);
        Assert.Equal(0, await Kill());
        Assert.Empty(await Mount.List());
    }

    [Fact]
    public async Task A_large_file_is_uploaded_as_it_is_written_and_close_waits_for_the_rest()
    {
        await Mount.Write("a", Mount.Content(40 * MiB));
        Assert.Equal(40 * MiB, Store["a"].Data.Length);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task A_torn_tail_is_not_read()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        await Mount.Files.SyncAsync(handle, default);
        var whole = new FileInfo(Assert.Single(Kept)).Length;
        await Mount.WriteAt(handle, 0, [2]);
        await Mount.Files.SyncAsync(handle, default);
        var path = Assert.Single(Kept);
        var data = await ReadSharedAsync(path);
        for (var length = whole; length < data.Length; length += 7)
        {
            await File.WriteAllBytesAsync(path, data[..(int)length], TestContext.Current.CancellationToken);
            Assert.Equal(1, await Kill());
            Assert.Equal([1], await Mount.Read("a"));
        }
        data[^30] ^= 1;
        await File.WriteAllBytesAsync(path, data, TestContext.Current.CancellationToken);
        Assert.Equal(1, await Kill());
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_cannot_be_read_is_left_as_it_is()
    {
        await Mount.Write("a", Mount.Content(100_000));
        var path = Assert.Single(Kept);
        var data = await ReadSharedAsync(path);
        data[100] ^= 1;
        await File.WriteAllBytesAsync(path, data, TestContext.Current.CancellationToken);
        Assert.Equal(0, await Kill());
        Assert.Equal(path + ".damaged", Assert.Single(Kept));
        Assert.Equal(data, await File.ReadAllBytesAsync(path + ".damaged", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_journal_of_another_key_is_left_alone()
    {
        await Mount.Write("a", [1]);
        var path = Assert.Single(Kept);
        Assert.Equal(0, await Kill(new byte[32]));
        Assert.Equal([path], Kept);
        Assert.Equal(1, await Kill());
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_is_kept_is_open_to_keys_that_were_loaded_anew_and_to_no_others()
    {
        var next = Enumerable.Repeat((byte)9, 32).ToArray();
        await Mount.Write("a", [1]);
        ReplaceKeys(next);
        await Mount.Write("b", [2]);
        Assert.Equal(0, await Kill());
        Assert.Equal(2, Kept.Count);
        Assert.Equal(2, await Kill(next));
        Assert.Equal([1], await Mount.Read("a"));
        Assert.Equal([2], await Mount.Read("b"));
    }

    [Fact]
    public async Task Neither_content_nor_names_are_readable_on_disk()
    {
        await Mount.Write("a-name-that-nobody-is-to-see", Mount.Bytes(string.Concat(Enumerable.Repeat("content that nobody is to see ", 100))));
        foreach (var path in Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) != "lock"))
        {
            var text = System.Text.Encoding.Latin1.GetString(await ReadSharedAsync(path));
            Assert.DoesNotContain("nobody", text, StringComparison.Ordinal);
        }
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Kept)));
        }
    }

    [Fact]
    public async Task Another_writer_meanwhile_is_a_conflict_that_keeps_both()
    {
        Store.PutForeign("a", [1]);
        await Mount.Write("a", [2]);
        Store.PutForeign("a", [3]);
        Assert.Equal(1, await Kill());
        await Upload();
        Assert.Equal([3], Store["a"].Data);
        var conflict = Assert.Single(Store.Keys, key => key.StartsWith("a.conflict-", StringComparison.Ordinal));
        Assert.Equal([2], Store[conflict].Data);
        Assert.Empty(Kept);
    }

    [Fact]
    public async Task What_was_stored_before_the_crash_but_is_in_the_journal_still_is_no_conflict()
    {
        var content = Mount.Content(9 * MiB);
        Store.PutForeign("a", content);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 5 * MiB, [1, 2, 3]);
        await Mount.Close(handle);
        var path = Assert.Single(Kept);
        var data = await ReadSharedAsync(path);
        await Drain();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, data, TestContext.Current.CancellationToken);
        Assert.Equal(1, await Kill());
        await Upload();
        new byte[] { 1, 2, 3 }.CopyTo(content, 5 * MiB);
        Assert.Equal(content, Store["a"].Data);
        Assert.Equal(["a"], Store.Keys);
    }

    [Fact]
    public async Task A_journal_in_use_is_not_taken()
    {
        await Mount.Write("a", [1]);
        Assert.Equal(0, await Begin());
        Assert.Empty(await Mount.List());
    }

    [Fact]
    public async Task Where_the_journal_has_no_room_close_waits_for_the_service()
    {
        await Mount.Write("a", [1]);
        Directory.Delete(Root, recursive: true);
        await Mount.Write("b", [2]);
        Assert.Equal([2], Store["b"].Data);
        await Drain();
        Assert.Equal([1], Store["a"].Data);
        Directory.CreateDirectory(Root);
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var data = new byte[file.Length];
        await file.ReadExactlyAsync(data, TestContext.Current.CancellationToken);
        return data;
    }
}
