using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Files larger than memory leave while they are written. Spilling fails here: there is no such directory.</summary>
public sealed class Streaming : MountTest
{
    private const int MiB = 1 << 20;
    private static readonly byte[] Large = Mount.Content(100 * MiB);

    public Streaming() => Mount = new Mount(Faults, Clock, new SseFileSystemOptions
    {
        Uid = 1000,
        Gid = 1000,
        Memory = SseFileSystemOptions.SmallestMemory,
        SpillDirectory = "/proc/none",
    });

    [Fact]
    public async Task A_file_larger_than_memory_needs_no_spill_file_and_is_seen_whole_only()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        Assert.True(Store.Requests.Count(RequestKind.UploadPart) >= 9, "parts did not leave");
        Assert.Empty(Store.Keys);
        await Mount.Close(handle);
        Assert.Equal(13, Store.Requests.Count(RequestKind.UploadPart));
        Assert.Equal(Large, Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
        await Mount.Remount();
        Assert.Equal(Large, await Mount.Read("a"));
    }

    [PosixFact]
    public async Task One_that_is_removed_while_only_its_writer_has_it_is_neither_stored_nor_read()
    {
        var handle = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, Large);
        // All whole parts leave while it is written, and would be counted below.
        for (var i = 0; i < 1000 && Store.Requests.Count(RequestKind.UploadPart) < 12; i++)
        {
            await Task.Delay(10);
        }
        Store.Requests.Clear();
        await Mount.Unlink("a");
        Assert.Equal(0, Store.Requests.Count(RequestKind.UploadPart) + Store.Requests.Count(RequestKind.Get));
        await Mount.WriteAt(handle, Large.Length, [1], append: true);
        await Mount.Close(handle);
        await Mount.Remount();
        Assert.Empty(Store.Keys);
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task The_start_is_patched_in_memory()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        await Mount.WriteAt(handle, 1000, [1, 2, 3]);
        Assert.Empty(Store.Keys);
        await Mount.Close(handle);
        Assert.Equal(Patched((1000, [1, 2, 3])), Store["a"].Data);
        Assert.Equal(14, Store.Requests.Count(RequestKind.UploadPart));
    }

    [Fact]
    public async Task What_was_dropped_can_be_patched_and_read()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(60 * MiB)]);
        Assert.Empty(Store.Keys);
        await Mount.WriteAt(handle, 20 * MiB + 5, [1, 2, 3]);
        Assert.Equal(["a"], Store.Keys);
        await Mount.WriteAt(handle, 60 * MiB, Large[(60 * MiB)..]);
        Assert.Equal(Patched((20 * MiB + 5, [1, 2, 3]))[(30 * MiB)..(30 * MiB + 100)], await Mount.ReadAt(handle, 30 * MiB, 100));
        await Mount.WriteAt(handle, 10 * MiB, [4]);
        await Mount.Close(handle);
        Assert.Equal(Patched((20 * MiB + 5, [1, 2, 3]), (10 * MiB, [4])), Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20 * MiB + 7)]
    [InlineData(99 * MiB)]
    public async Task It_can_be_cut_while_it_is_written(int size)
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = size }, Mount.User, default);
        await Mount.WriteAt(handle, size, [9]);
        await Mount.Close(handle);
        byte[] expected = [.. Large[..size], 9];
        Assert.Equal(expected, Store["a"].Data);
        await Mount.Remount();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task It_can_be_emptied_and_written_anew()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        foreach (var size in new[] { 0, 20 * MiB })
        {
            await Mount.Files.SetAttributesAsync(await Mount.InodeOf("a"), handle, new AttributeChange { Size = size }, Mount.User, default);
            await Mount.WriteAt(handle, size, Large[size..(size + 50 * MiB)]);
        }
        await Mount.Close(handle);
        Assert.Equal(Large[..(70 * MiB)], Store["a"].Data);
        await Mount.Remount();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task When_the_service_fails_the_rest_is_kept_until_close()
    {
        Mount = new Mount(Faults, Clock);
        Faults.Fail(RequestKind.StartUpload, "a");
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(60 * MiB)]);
        Assert.Equal(0, Store.Requests.Count(RequestKind.UploadPart));
        await Mount.Close(handle);
        Assert.Equal(Large[..(60 * MiB)], Store["a"].Data);
    }

    [PosixFact]
    public async Task It_is_renamed_while_it_is_written()
    {
        await Mount.Files.MakeDirectoryAsync(IFileSystem.RootInode, "d"u8.ToArray(), 0x1ED, Mount.User, default);
        var handle = await Mount.Create("d/a");
        await Mount.WriteAt(handle, 0, Large[..(60 * MiB)]);
        await Mount.Rename("d/a", "d/b");
        await Mount.WriteAt(handle, 60 * MiB, Large[(60 * MiB)..(90 * MiB)]);
        await Mount.Rename("d", "e");
        await Mount.WriteAt(handle, 90 * MiB, Large[(90 * MiB)..]);
        await Mount.Close(handle);
        Assert.Equal(["e/", "e/b"], Store.Keys);
        Assert.Equal(Large, Store["e/b"].Data);
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task It_is_removed_while_it_is_written()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(20 * MiB)]);
        await Mount.Unlink("a");
        Assert.Equal(Large[..100], await Mount.ReadAt(handle, 0, 100));
        await Mount.Close(handle);
        Assert.Empty(Store.Keys);
        await Mount.Remount();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task Another_writers_version_is_kept_beside_it()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        Store.PutForeign("a", [7]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal(2, Store.Keys.Count);
        Assert.Equal(Large, Store["a"].Data);
        Assert.StartsWith("a.conflict-", Store.Keys[1], StringComparison.Ordinal);
        Assert.Equal([7], Store[Store.Keys[1]].Data);
        Assert.Equal(0, Store.OpenUploads);
        await Mount.Remount();
        Assert.Equal(Large, await Mount.Read("a"));
    }

    [Fact]
    public async Task A_failure_is_told_by_close_and_nothing_is_lost()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(64 * MiB)]);
        await Mount.WriteAt(handle, 64 * MiB, Large[(64 * MiB)..]);
        Faults.Fail(RequestKind.Complete, "a");
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        Assert.Empty(Store.Keys);
        await Mount.WriteAt(handle, 5, [1]);
        await Mount.Close(handle);
        Assert.Equal(Patched((5, [1])), Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task An_upload_that_the_service_forgot_is_begun_anew_while_all_is_here()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(20 * MiB)]);
        Faults.Fail(RequestKind.Complete, "a", FsError.NotFound);
        await Mount.Close(handle);
        Assert.Equal(Large[..(20 * MiB)], Store["a"].Data);
    }

    [Fact]
    public async Task An_upload_that_the_service_forgot_is_an_error_when_it_had_the_only_copy()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        Faults.Fail(RequestKind.Complete, "a", FsError.NotFound, times: 100);
        await Fails.With(FsError.InputOutput, () => Mount.Close(handle));
        Assert.Empty(Store.Keys);
    }

    [Fact]
    public async Task A_completion_whose_reply_was_lost_is_found()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large);
        Faults.After(RequestKind.Complete, "a", _ => throw new FsException(FsError.Unavailable, "lost"));
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        Assert.Equal(["a"], Store.Keys);
        await Mount.Close(handle);
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal(Large, Store["a"].Data);
    }

    [Fact]
    public async Task What_an_attempt_to_finish_sent_is_no_part_of_a_later_one()
    {
        Store.PutForeign("a", Large[..(40 * MiB)]);
        Mount = new Mount(Faults, Clock);
        Faults.Fail(RequestKind.StartUpload, "a");
        var handle = await Mount.Open("a", OpenFlags.Write | OpenFlags.Read);
        await Mount.WriteAt(handle, 40 * MiB, Large[(40 * MiB)..(70 * MiB)], append: true);
        Faults.Fail(RequestKind.Complete, "a");
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.SyncAsync(handle, default));
        // Now the start is one part, copied, which keeps numbers that the rest had before.
        await Mount.WriteAt(handle, 70 * MiB, Large[(70 * MiB)..(90 * MiB)], append: true);
        await Mount.Close(handle);
        Assert.Equal(Large[..(90 * MiB)], Store["a"].Data);
    }

    [Fact]
    public async Task What_cannot_be_copied_goes_through_although_later_parts_were_dropped()
    {
        Store.PutForeign("a", Large[..(30 * MiB)]);
        Store.CanCopyParts = false;
        Mount = new Mount(Faults, Clock, new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory });
        Faults.Before(RequestKind.CopyPart, "a", async cancellation =>
        {
            for (var i = 0; i < 1000 && Store.Requests.Count(RequestKind.UploadPart) < 3; i++)
            {
                await Task.Delay(10, cancellation);
            }
        });
        var handle = await Mount.Open("a", OpenFlags.Write | OpenFlags.Read);
        await Mount.WriteAt(handle, 30 * MiB, Large[(30 * MiB)..], append: true);
        await Mount.Close(handle);
        Assert.Equal(Large, Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
    }

    [PosixFact]
    public async Task After_a_rename_it_leaves_under_its_new_name()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(20 * MiB)]);
        for (var i = 0; i < 1000 && Store.Requests.Count(RequestKind.UploadPart) == 0; i++)
        {
            await Task.Delay(10);
        }
        Assert.NotEqual(0, Store.Requests.Count(RequestKind.UploadPart));
        await Mount.Rename("a", "b");
        await Mount.WriteAt(handle, 20 * MiB, Large[(20 * MiB)..]);
        Assert.Empty(Store.Keys);
        await Mount.Close(handle);
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal(Large, Store["b"].Data);
        await Mount.Remount();
        Assert.Equal(0, Store.OpenUploads);
    }

    [Fact]
    public async Task Attributes_set_meanwhile_are_stored()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(30 * MiB)]);
        var time = new Timestamp(1_000_000_000, 123_456_789);
        await Mount.Files.SetAttributesAsync(
            await Mount.InodeOf("a"), handle, new AttributeChange { Mode = 0x180, ModifyTime = time, AccessTime = time }, Mount.User, default);
        await Mount.Close(handle);
        await Mount.Remount();
        var stat = await Mount.Stat("a");
        Assert.Equal((FileType.Regular | 0x180, time), (stat.Mode, stat.ModifyTime));
        Assert.Equal(Large[..(30 * MiB)], Store["a"].Data);
    }

    [Fact]
    public async Task The_time_seen_after_close_is_the_one_seen_after_a_remount()
    {
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, Large[..(30 * MiB)]);
        Mount.Pass(100);
        await Mount.WriteAt(handle, 30 * MiB, [1]);
        await Mount.Close(handle);
        var before = await Mount.Stat("a");
        Assert.Equal(0, Store.Requests.Count(RequestKind.Copy));
        await Mount.Remount();
        var after = await Mount.Stat("a");
        Assert.Equal((before.ModifyTime, before.ChangeTime, before.AccessTime), (after.ModifyTime, after.ChangeTime, after.AccessTime));
        Assert.True(after.ModifyTime.Seconds >= Clock.GetUtcNow().ToUnixTimeSeconds() - 2, "the time is that of the beginning");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_appended_to_a_stored_file_goes_behind_a_copy_of_it(bool canCopy)
    {
        Store.CanCopyParts = canCopy;
        Store.PutForeign("a", Large[..(30 * MiB)]);
        await Mount.Remount();
        var handle = await Mount.Open("a", OpenFlags.Write | OpenFlags.Read);
        await Mount.WriteAt(handle, 30 * MiB, Large[(30 * MiB)..(canCopy ? 100 * MiB : 50 * MiB)], append: true);
        Assert.Equal(Large[..(30 * MiB)], Store["a"].Data);
        await Mount.Close(handle);
        Assert.Equal(Large[..(canCopy ? 100 * MiB : 50 * MiB)], Store["a"].Data);
        Assert.Equal(0, Store.OpenUploads);
        if (canCopy)
        {
            Assert.Equal(1, Store.Requests.Count(RequestKind.CopyPart));
        }
    }

    private static byte[] Patched(params (int Offset, byte[] Data)[] patches)
    {
        var data = Large.ToArray();
        foreach (var (offset, bytes) in patches)
        {
            bytes.CopyTo(data, offset);
        }
        return data;
    }
}
