using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Two mounts of one bucket.</summary>
public sealed class OtherWriters : MountTest
{
    [Fact]
    public async Task After_a_close_an_open_anywhere_sees_the_new_content()
    {
        var other = MountAgain();
        await Mount.Write("a", [1]);
        Assert.Equal([1], await other.Read("a"));
        await Mount.Write("a", [1, 2, 3]);
        // Not even the listing has grown old: the open itself asks.
        Assert.Equal([1, 2, 3], await other.Read("a"));
        await other.Write("a", [4]);
        Assert.Equal([4], await Mount.Read("a"));
    }

    /// <summary>The kernel trusts a size for a second: without this a program that opens a version that has just come reads as many bytes of it as the one before had.</summary>
    [Fact]
    public async Task The_kernel_forgets_the_size_before_an_open_of_another_version_returns()
    {
        var sink = new Sink();
        Mount.Files.Invalidation = sink;
        await Mount.Write("a", [1]);
        await Mount.Read("a");
        sink.Attributes.Clear();
        await Mount.Read("a");
        Assert.Empty(sink.Attributes);
        Store.PutForeign("a", [1, 2, 3]);
        await Mount.Close(await Mount.Open("a"));
        Assert.Equal([await Mount.InodeOf("a")], sink.Attributes);
    }

    [Fact]
    public async Task What_a_second_handle_writes_after_a_conflict_over_a_name_that_is_gone_is_kept()
    {
        var (first, second) = (await Mount.Create("a", OpenFlags.Write), await Mount.Open("a", OpenFlags.Write));
        await Mount.WriteAt(first, 0, [1]);
        Store.PutForeign("a", [9]);
        Faults.Before(RequestKind.Head, "a", _ =>
        {
            Store.DeleteForeign("a");
            return Task.CompletedTask;
        }, nth: 2);
        await Fails.With(FsError.Conflict, () => Mount.Close(first));
        Assert.False(await Mount.Exists("a"));
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Mount.WriteAt(second, 0, [2]);
        await Fails.With(FsError.Conflict, () => Mount.Close(second));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        var kept = await Mount.List("");
        Assert.Equal(2, kept.Count);
        Assert.Equal([[1], [2]], [await Mount.Read(kept[0]), await Mount.Read(kept[1])]);
    }

    /// <summary>To notify of an inode that the kernel is just evicting waits for its reads, and they may wait for the file: only an open holds the inode that it names.</summary>
    [Fact]
    public async Task A_create_of_another_version_tells_its_size_by_its_answer_alone()
    {
        var sink = new Sink();
        var conflicting = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(conflicting, 0, [1]);
        Store.PutForeign("a", [1, 2, 3]);
        await Fails.With(FsError.Conflict, () => Mount.Close(conflicting));
        Mount.Files.Invalidation = sink;
        var (entry, file) = await Mount.Files.CreateAsync(IFileSystem.RootInode, "a"u8.ToArray(), 0x1A4, OpenFlags.Read, Mount.User, default);
        Assert.Equal((3, false), (entry.Attributes.Size, file.KeepCache));
        Assert.Empty(sink.Attributes);
        await Mount.Close(await Mount.Open("a"));
        Assert.Equal([entry.Attributes.Inode], sink.Attributes);
        await Mount.Files.ReleaseAsync(file.Handle);
    }

    /// <summary>Until a handle is used, nothing tells that the kernel has seen the answer to its open, and has dropped the pages of the version before.</summary>
    [Fact]
    public async Task Pages_are_kept_once_a_handle_on_the_same_version_was_used()
    {
        var sink = new Sink();
        await Mount.Write("a", [1]);
        await Mount.Read("a");
        var inode = await Mount.InodeOf("a");
        Store.PutForeign("a", [1, 2, 3]);
        Mount.Files.Invalidation = sink;
        var first = await OpenAsync();
        await Mount.Files.ReleaseAsync((await OpenAsync()).Handle);
        var second = await OpenAsync();
        Assert.Equal((false, false), (first.KeepCache, second.KeepCache));
        // Once: it could hit the question for attributes that it has made the kernel ask, whose answer would not count then.
        Assert.Equal([inode], sink.Attributes);
        Assert.Equal([(inode, false)], sink.Contents);
        await Mount.Files.ReadAsync(second.Handle, 0, 3, new ReadSegments(), default);
        var third = await OpenAsync();
        Assert.True(third.KeepCache);
        foreach (var opened in new[] { first, second, third })
        {
            await Mount.Files.ReleaseAsync(opened.Handle);
        }

        async Task<OpenedFile> OpenAsync() => await Mount.Files.OpenAsync(inode, OpenFlags.Read, Mount.User, default);
    }

    [Fact]
    public async Task The_kernel_drops_the_pages_of_what_is_open_when_a_conflict_puts_another_version_there()
    {
        var sink = new Sink();
        Mount.Files.Invalidation = sink;
        await Mount.Write("a", [1]);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2, 2]);
        Store.PutForeign("a", [1, 2, 3]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([(await Mount.InodeOf("a"), true)], sink.Contents);
    }

    [Fact]
    public async Task Names_follow_once_they_are_old()
    {
        var other = MountAgain();
        await Mount.Write("a", [1]);
        await other.List();
        await Mount.Rename("a", "b");
        await Mount.MakeDirectory("d");
        other.Pass();
        Assert.Equal(["b", "d"], await other.List());
        Assert.False(await other.Exists("a"));
        await Mount.RemoveDirectory("d");
        other.Pass();
        Assert.Equal(["b"], await other.List());
    }

    /// <summary>s3fs does so, and so does whoever restores an earlier version: what tells our writes from others' goes along.</summary>
    [Theory]
    [InlineData(OpenFlags.Write | OpenFlags.Append)]
    [InlineData(OpenFlags.Write | OpenFlags.Truncate)]
    public async Task Another_writers_content_that_carries_our_metadata_along_is_a_conflict(OpenFlags flags)
    {
        await Mount.Write("a", [1, 2, 3]);
        var handle = await Mount.Open("a", flags);
        await Mount.WriteAt(handle, (flags & OpenFlags.Truncate) != 0 ? 0 : 3, [4]);
        Store.ReplaceForeign("a", [7, 7, 7, 7, 7]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([7, 7, 7, 7, 7], Store["a"].Data);
        var kept = Assert.Single(Store.Keys, key => key.StartsWith("a.conflict-", StringComparison.Ordinal));
        Assert.Equal((flags & OpenFlags.Truncate) != 0 ? [4] : [1, 2, 3, 4], Store[kept].Data);
    }

    [Fact]
    public async Task A_write_whose_reply_was_lost_is_told_from_an_earlier_own_one()
    {
        await Mount.Write("a", [1]);
        var first = Store["a"];
        Faults.After(RequestKind.Put, "a", _ => throw new FsException(FsError.Unavailable, "the reply is lost"));
        var handle = await Mount.Open("a", OpenFlags.Write | OpenFlags.Truncate);
        await Mount.WriteAt(handle, 0, [2]);
        await Fails.With(FsError.Unavailable, async () => await Mount.Files.FlushAsync(handle, null, default));
        Assert.Equal([2], Store["a"].Data);
        // What is written since stands upon that write.
        await Mount.WriteAt(handle, 1, [3]);
        await Mount.Close(handle);
        Assert.Equal([2, 3], Store["a"].Data);
        Assert.Equal(["a"], Store.Keys);
        // An earlier version put back, as from a backup, is another writer's.
        handle = await Mount.Open("a", OpenFlags.Write | OpenFlags.Truncate);
        await Mount.WriteAt(handle, 0, [4]);
        Store.PutBack("a", first);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([1], Store["a"].Data);
    }

    [Fact]
    public async Task A_mode_whose_copy_got_no_reply_does_not_undo_a_later_one()
    {
        await Mount.Write("a", [1]);
        Faults.After(RequestKind.Put, "a", _ => throw new FsException(FsError.Unavailable, "the reply is lost"));
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        await Mount.Files.DrainAsync(default);
        Assert.Equal("33152", Store["a"].Metadata.User["mode"]);
        await Mount.Change("a", new AttributeChange { Mode = 0x1A0 });
        await Mount.Files.DrainAsync(default);
        Assert.Equal("33184", Store["a"].Metadata.User["mode"]);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(6 << 20)]
    public async Task What_another_writer_stores_while_a_file_is_renamed_goes_along(int size)
    {
        await Mount.Write("a", Mount.Content(size));
        Faults.After(size > 4 << 20 ? RequestKind.Copy : RequestKind.Put, "b", _ =>
        {
            Store.PutForeign("a", [7]);
            return Task.CompletedTask;
        });
        await Mount.Rename("a", "b");
        Assert.Equal(["b"], Store.Keys);
        Assert.Equal([7], Store["b"].Data);
        Assert.Equal([7], await Mount.Read("b"));
    }

    [Fact]
    public async Task What_another_writer_stores_while_a_file_is_renamed_that_a_program_has_open_stays()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Open("a");
        Store.PutForeign("a", [7]);
        await Mount.Rename("a", "b");
        Assert.Equal([1], await Mount.ReadAt(handle, 0, 10));
        Assert.Equal([1], Store["b"].Data);
        Assert.Equal([7], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_another_writer_stores_while_its_directory_is_renamed_stays()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        Faults.After(RequestKind.Copy, "e/a", _ =>
        {
            Store.PutForeign("d/a", [7]);
            return Task.CompletedTask;
        });
        await Mount.Rename("d", "e");
        Assert.Equal([1], Store["e/a"].Data);
        Mount.Pass();
        Assert.Equal([7], await Mount.Read("d/a"));
    }

    [Fact]
    public async Task The_losers_data_is_kept_under_a_name_of_its_own()
    {
        var other = MountAgain();
        await Mount.Write("a", [0]);
        var ours = await Mount.Open("a", OpenFlags.Read | OpenFlags.Write);
        await Mount.WriteAt(ours, 0, [1, 1]);
        await other.Write("a", [2, 2, 2]);
        await Fails.With(FsError.Conflict, () => Mount.Close(ours));
        Assert.Equal([2, 2, 2], Store["a"].Data);
        var kept = Assert.Single(Store.Keys, key => key.StartsWith("a.conflict-", StringComparison.Ordinal));
        Assert.Equal([1, 1], Store[kept].Data);
        Assert.Equal([new Conflict(Clock.GetUtcNow(), "a", kept, IsOurs: true)], Mount.Files.Conflicts);
        Assert.Equal([2, 2, 2], await Mount.Read("a"));
        Assert.Contains(kept, await Mount.List());
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
    }

    [Fact]
    public async Task One_of_two_who_create_a_name_that_nobody_may_have_gets_it()
    {
        var other = MountAgain();
        await Mount.List();
        await other.List();
        var ours = await Mount.Create("lock", OpenFlags.Write | OpenFlags.Exclusive);
        await Fails.With(FsError.Exists, () => other.Create("lock", OpenFlags.Write | OpenFlags.Exclusive));
        Assert.Equal(["lock"], await other.List());
        await Mount.WriteAt(ours, 0, [1]);
        await Mount.Close(ours);
        Assert.Equal([1], await other.Read("lock"));
        await Mount.Unlink("lock");
        Mount.Pass();
        await other.Close(await other.Create("lock", OpenFlags.Write | OpenFlags.Exclusive));
        Assert.Equal([], Store["lock"].Data);
    }

    [Fact]
    public async Task One_of_two_who_make_a_directory_makes_it()
    {
        var other = MountAgain();
        await Mount.List();
        await other.List();
        await Mount.MakeDirectory("lock");
        await Fails.With(FsError.Exists, () => other.MakeDirectory("lock"));
    }

    [Fact]
    public async Task Two_who_create_one_name_both_keep_their_data()
    {
        var other = MountAgain();
        await Mount.List();
        await other.List();
        var ours = await Mount.Create("a");
        await Mount.WriteAt(ours, 0, [1]);
        var theirs = await other.Create("a");
        await other.WriteAt(theirs, 0, [2]);
        await other.Close(theirs);
        await Fails.With(FsError.Conflict, () => Mount.Close(ours));
        Assert.Equal([2], Store["a"].Data);
        Assert.Equal([1], Store[Assert.Single(Store.Keys, key => key != "a")].Data);
    }

    [Fact]
    public async Task An_open_handle_reads_the_version_it_opened()
    {
        var other = MountAgain();
        await Mount.Write("a", Mount.Content(1000, 1));
        await Mount.Remount();
        var handle = await Mount.Open("a");
        var inode = await Mount.InodeOf("a");
        await other.Write("a", Mount.Content(1000, 2));
        Assert.Equal(Mount.Content(1000, 1), await Mount.ReadAt(handle, 0, 2000));
        await Fails.With(FsError.Stale, async () => await Mount.Files.OpenAsync(inode, OpenFlags.Read, Mount.User, default));
        Assert.Equal(Mount.Content(1000, 2), await Mount.Read("a"));
        Assert.NotEqual(inode, await Mount.InodeOf("a"));
        Assert.Equal(Mount.Content(1000, 1), await Mount.ReadAt(handle, 0, 2000));
        await Mount.Close(handle);
    }

    [Fact]
    public async Task A_handle_whose_version_is_gone_never_mixes_two()
    {
        var other = MountAgain();
        await Mount.Write("a", Mount.Content(1 << 20, 1));
        await Mount.Remount();
        var handle = await Mount.Open("a");
        Assert.Equal(Mount.Content(1 << 20, 1)[..1000], await Mount.ReadAt(handle, 0, 1000));
        await other.Write("a", Mount.Content(1 << 20, 2));
        try
        {
            Assert.Equal(Mount.Content(1 << 20, 1)[900_000..901_000], await Mount.ReadAt(handle, 900_000, 1000));
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            // Not read before, and no longer to be had.
        }
        await Mount.Close(handle);
    }

    [Fact]
    public async Task What_is_written_through_a_handle_on_a_replaced_version_is_kept()
    {
        var other = MountAgain();
        await Mount.Write("a", [0, 0]);
        var handle = await Mount.Open("a", OpenFlags.Read | OpenFlags.Write);
        Assert.Equal([0, 0], await Mount.ReadAt(handle, 0, 10));
        await other.Write("a", [2, 2, 2]);
        Mount.Pass(5);
        Assert.Equal([2, 2, 2], await Mount.Read("a"));
        await Mount.WriteAt(handle, 0, [1]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([2, 2, 2], Store["a"].Data);
        Assert.Equal([1, 0], Store[Assert.Single(Store.Keys, key => key != "a")].Data);
        Assert.Equal([2, 2, 2], await Mount.Read("a"));
    }

    [Fact]
    public async Task What_is_written_to_a_file_that_another_removed_is_kept()
    {
        var other = MountAgain();
        await Mount.Write("a", [0, 0]);
        var handle = await Mount.Open("a", OpenFlags.Read | OpenFlags.Write);
        Assert.Equal([0, 0], await Mount.ReadAt(handle, 0, 10));
        await other.Unlink("a");
        Mount.Pass(5);
        Assert.Empty(await Mount.List());
        await Mount.WriteAt(handle, 0, [1]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([1, 0], Store[Assert.Single(Store.Keys)].Data);
    }

    [Fact]
    public async Task Changed_metadata_never_undoes_another_writers_content()
    {
        var other = MountAgain();
        await Mount.Write("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        await other.Write("a", [2]);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([2], Store["a"].Data);
        Assert.Equal([2], await Mount.Read("a"));
        Assert.Single(Store.Keys);
    }

    [Fact]
    public async Task A_name_that_went_away_is_not_found_when_it_is_opened()
    {
        Store.PutForeign("a", [1]);
        await Mount.Stat("a");
        var inode = await Mount.InodeOf("a");
        Store.DeleteForeign("a");
        await Fails.With(FsError.NotFound, async () => await Mount.Files.OpenAsync(inode, OpenFlags.Read, new Caller(0, 0, 99), default));
        Assert.False(await Mount.Exists("a"));
    }

    [Fact]
    public async Task What_was_written_into_a_version_that_is_gone_is_kept_without_the_rest()
    {
        var other = MountAgain();
        await Mount.Write("a", Mount.Content(16 << 20, 1));
        await Mount.Remount();
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 8 << 20, [1, 2, 3]);
        await other.Write("a", [2]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal([2], Store["a"].Data);
        var kept = Store[Assert.Single(Store.Keys, key => key != "a")].Data;
        Assert.Equal(16 << 20, kept.Length);
        Assert.Equal([1, 2, 3], kept[(8 << 20)..((8 << 20) + 3)]);
    }

    [Fact]
    public async Task Another_files_upload_is_not_taken_for_an_own_one_that_was_lost()
    {
        await Mount.List();
        var late = await Mount.Create("a", OpenFlags.Write);
        await Mount.WriteAt(late, 0, [1]);
        // This mount's writer mark, but not this file's.
        await Mount.Write("b", [2]);
        Store.PutForeign("a", [2], Store["b"].Metadata.User);
        await Fails.With(FsError.Conflict, () => Mount.Close(late));
        Assert.Equal([2], Store["a"].Data);
        Assert.Equal([1], Store[Assert.Single(Store.Keys, key => key.StartsWith("a.conflict-", StringComparison.Ordinal))].Data);
    }

    internal sealed class Sink : IInvalidationSink
    {
        public List<ulong> Attributes { get; } = [];

        public void InvalidateAttributes(ulong inode) => Attributes.Add(inode);

        public List<(ulong Inode, bool IsOpen)> Contents { get; } = [];

        public void InvalidateContent(ulong inode, bool isOpen) => Contents.Add((inode, isOpen));

        public List<(ulong Parent, string Name)> Entries { get; } = [];

        public void InvalidateEntry(ulong parent, ReadOnlyMemory<byte> name) => Entries.Add((parent, System.Text.Encoding.UTF8.GetString(name.Span)));
    }
}
