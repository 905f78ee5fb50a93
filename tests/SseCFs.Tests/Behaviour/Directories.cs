using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

public sealed class Directories : MountTest
{
    [PosixFact]
    public async Task A_directory_moves_with_all_that_is_below_it()
    {
        await Mount.MakeDirectory("d");
        await Mount.MakeDirectory("d/e");
        for (var i = 0; i < 12; i++)
        {
            await Mount.Write($"d/e/{i}", [(byte)i]);
        }
        var handle = await Mount.Create("d/open");
        await Mount.WriteAt(handle, 0, [42]);
        await Mount.Rename("d", "moved");
        Assert.False(await Mount.Exists("d"));
        await Mount.WriteAt(handle, 1, [43]);
        await Mount.Close(handle);
        Assert.Equal([42, 43], Store["moved/open"].Data);
        Assert.DoesNotContain(Store.Keys, key => key.StartsWith("d/", StringComparison.Ordinal));
        await Mount.Remount();
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal([(byte)i], await Mount.Read($"moved/e/{i}"));
        }
    }

    [Fact]
    public async Task A_directory_move_that_fails_in_the_middle_leaves_everything_where_it_was()
    {
        await Mount.MakeDirectory("d");
        for (var i = 0; i < 12; i++)
        {
            await Mount.Write($"d/{i}", [(byte)i]);
        }
        var before = Store.Keys;
        Faults.Fail(RequestKind.Copy, null, nth: 6);
        await Fails.With(FsError.Unavailable, () => Mount.Rename("d", "moved"));
        Assert.Equal(before, Store.Keys);
        Assert.Equal(12, (await Mount.List("d")).Count);
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal([(byte)i], await Mount.Read($"d/{i}"));
        }
        Assert.False(await Mount.Exists("moved"));
        await Mount.Rename("d", "moved");
        Assert.Equal(12, (await Mount.List("moved")).Count);
    }

    [Fact]
    public async Task A_directory_move_whose_removals_fail_has_lost_nothing()
    {
        await Mount.MakeDirectory("d");
        for (var i = 0; i < 5; i++)
        {
            await Mount.Write($"d/{i}", [(byte)i]);
        }
        Faults.Fail(RequestKind.Delete, null, nth: 3);
        await Assert.ThrowsAsync<FsException>(() => Mount.Rename("d", "moved"));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal([(byte)i], await Mount.Read($"moved/{i}"));
        }
    }

    [PosixFact]
    public async Task A_directory_replaces_an_empty_one_only()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        await Mount.MakeDirectory("full");
        await Mount.Write("full/b", [2]);
        await Mount.MakeDirectory("empty");
        await Mount.Write("file", [3]);
        await Fails.With(FsError.NotEmpty, () => Mount.Rename("d", "full"));
        await Fails.With(FsError.NotDirectory, () => Mount.Rename("d", "file"));
        await Fails.With(FsError.IsDirectory, () => Mount.Rename("file", "empty"));
        await Fails.With(FsError.InvalidArgument, () => Mount.Rename("d", "d/inside"));
        await Mount.Rename("d", "empty");
        Assert.Equal(["empty/", "empty/a", "file", "full/", "full/b"], Store.Keys);
    }

    [PosixFact]
    public async Task What_is_made_in_a_directory_while_another_one_replaces_it_does_not_get_there_twice()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        await Mount.MakeDirectory("e");
        Task? making = null;
        Faults.Before(RequestKind.Copy, "e/a", _ =>
        {
            making = Mount.Write("e/a", [2]);
            return Task.CompletedTask;
        });
        await Mount.Rename("d", "e");
        await Record.ExceptionAsync(() => making!);
        Assert.Equal(["e/", "e/a"], Store.Keys);
    }

    [Fact]
    public async Task A_directory_with_a_file_of_unknown_key_does_not_move()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        Store.PutForeign("d/secret", [2], underKey: "another");
        var before = Store.Keys;
        await Fails.With(FsError.KeyUnknown, () => Mount.Rename("d", "moved"));
        Assert.Equal(before, Store.Keys);
    }

    [Fact]
    public async Task Only_an_empty_directory_is_removed()
    {
        await Mount.MakeDirectory("d");
        var handle = await Mount.Create("d/unsaved");
        await Fails.With(FsError.NotEmpty, () => Mount.RemoveDirectory("d"));
        await Mount.Unlink("d/unsaved");
        await Mount.Close(handle);
        await Mount.RemoveDirectory("d");
        Assert.Empty(Store.Keys);
        await Fails.With(FsError.NotFound, () => Mount.RemoveDirectory("d"));
        await Mount.Write("f", [1]);
        await Fails.With(FsError.NotDirectory, () => Mount.RemoveDirectory("f"));
        await Mount.MakeDirectory("e");
        await Fails.With(FsError.IsDirectory, () => Mount.Unlink("e"));
    }

    [Theory]
    [InlineData("d//deep")]
    [InlineData("d/..")]
    [InlineData("d/./x")]
    public async Task A_directory_with_keys_that_cannot_be_shown_is_not_removed(string key)
    {
        await Mount.MakeDirectory("d");
        Store.PutForeign(key, [1]);
        Mount.Pass();
        Assert.Empty(await Mount.List("d"));
        await Fails.With(FsError.NotEmpty, () => Mount.RemoveDirectory("d"));
        Assert.Contains(key, Store.Keys);
    }

    [Fact]
    public async Task A_directory_without_a_marker_stays_when_its_last_file_goes()
    {
        Store.PutForeign("d/a", [1]);
        await Mount.Unlink("d/a");
        Assert.True(await Mount.Exists("d"));
        await Mount.Remount();
        Assert.Empty(await Mount.List("d"));
        Store.PutForeign("e/f/a", [1]);
        Mount.Pass();
        await Mount.Rename("e/f/a", "a");
        await Mount.Remount();
        Assert.Empty(await Mount.List("e/f"));
        await Mount.RemoveDirectory("e/f");
        Assert.Empty(await Mount.List("e"));
    }

    [Fact]
    public async Task A_file_and_a_prefix_of_one_name_show_the_directory()
    {
        Store.PutForeign("x", [1]);
        Store.PutForeign("x/y", [2]);
        Assert.Equal(["x"], await Mount.List());
        Assert.True((await Mount.Stat("x")).IsDirectory);
        Assert.Equal([2], await Mount.Read("x/y"));
    }

    [Fact]
    public async Task Offsets_stay_good_while_the_directory_changes()
    {
        for (var i = 0; i < 30; i++)
        {
            await Mount.Write($"f{i:D2}", [1]);
        }
        var handle = await Mount.Files.OpenDirectoryAsync(IFileSystem.RootInode, default);
        var first = new Listing(12);
        await Mount.Files.ReadDirectoryAsync(handle, 0, false, first, default);
        var read = first.Items.Select(i => i.Name).Where(n => n[0] != '.').ToHashSet();
        foreach (var name in read)
        {
            await Mount.Unlink(name);
        }
        await Mount.Write("new", [1]);
        var rest = new Listing(1000);
        await Mount.Files.ReadDirectoryAsync(handle, first.Items[^1].NextOffset, false, rest, default);
        Assert.Empty(rest.Items.Select(i => i.Name).Intersect(read));
        Assert.Equal(20, rest.Items.Count(i => i.Name != "new"));
        var again = new Listing(1000);
        await Mount.Files.ReadDirectoryAsync(handle, first.Items[4].NextOffset, false, again, default);
        Assert.Equal(rest.Items.Select(i => i.Name), again.Items.Select(i => i.Name));
        var anew = new Listing(1000);
        await Mount.Files.ReadDirectoryAsync(handle, 0, false, anew, default);
        Assert.Contains("new", anew.Items.Select(i => i.Name));
        Assert.Equal(23, anew.Items.Count);
        Mount.Files.ReleaseDirectory(handle);
    }

    [Fact]
    public async Task A_position_is_good_in_another_descriptor()
    {
        for (var i = 0; i < 30; i++)
        {
            await Mount.Write($"f{i:D2}", [1]);
        }
        var handle = await Mount.Files.OpenDirectoryAsync(IFileSystem.RootInode, default);
        var first = new Listing(12);
        await Mount.Files.ReadDirectoryAsync(handle, 0, false, first, default);
        await Mount.Unlink(first.Items[^1].Name);
        Assert.Equal(20, (await RestAsync()).Count);
        // Nobody has it open any more: what is there now is counted.
        Mount.Files.ReleaseDirectory(handle);
        Assert.Equal(19, (await RestAsync()).Count);

        async Task<List<string>> RestAsync()
        {
            var other = await Mount.Files.OpenDirectoryAsync(IFileSystem.RootInode, default);
            var rest = new Listing(1000);
            await Mount.Files.ReadDirectoryAsync(other, first.Items[^1].NextOffset, false, rest, default);
            Mount.Files.ReleaseDirectory(other);
            return [.. rest.Items.Select(item => item.Name)];
        }
    }

    [Fact]
    public async Task A_large_directory_is_listed_whole_and_its_names_are_found_alone()
    {
        for (var i = 0; i < 2500; i++)
        {
            Store.PutForeign($"big/{i:D4}", [1]);
        }
        Assert.Equal(1, (await Mount.Stat("big/1777")).Size);
        Assert.False(await Mount.Exists("big/nothing"));
        Assert.True(Store.Requests.Count(RequestKind.List) < 8, Store.Requests.ToString());
        Assert.Equal(2500, (await Mount.List("big")).Count);
    }

    [Fact]
    public async Task Creating_what_exists_fails()
    {
        await Mount.Write("a", [1]);
        await Mount.MakeDirectory("d");
        await Fails.With(FsError.Exists, () => Mount.MakeDirectory("a"));
        await Fails.With(FsError.Exists, () => Mount.MakeDirectory("d"));
        await Fails.With(FsError.Exists, () => Mount.Link("t", "a"));
        await Fails.With(FsError.Exists, () => Mount.Create("a", OpenFlags.Write | OpenFlags.Exclusive));
        await Fails.With(FsError.IsDirectory, () => Mount.Create("d", OpenFlags.Write));
        await Fails.With(FsError.NotDirectory, () => Mount.Create("a/b", OpenFlags.Write));
        await Fails.With(FsError.NotFound, () => Mount.Create("x/b", OpenFlags.Write));
    }

    [Fact]
    public async Task Names_too_long_are_refused()
    {
        await Mount.Write(new string('n', 255), [1]);
        await Fails.With(FsError.NameTooLong, () => Mount.Write(new string('n', 256), [1]));
        await Fails.With(FsError.NameTooLong, () => Mount.Stat(new string('n', 256)));
        await Fails.With(FsError.NameTooLong, () => Mount.Rename(new string('n', 255), new string('n', 256)));
        var path = "";
        for (var i = 0; i < 4; i++)
        {
            path += new string('d', 250) + "/";
            await Mount.MakeDirectory(path[..^1]);
        }
        await Fails.With(FsError.NameTooLong, () => Mount.Write(path + new string('f', 30), [1]));
        await Mount.Write(path + new string('f', 10), [1]);
    }

    [Fact]
    public async Task What_is_created_below_while_a_directory_moves_arrives_in_the_new_place()
    {
        await Mount.MakeDirectory("old");
        await Mount.MakeDirectory("old/deep");
        await Mount.Write("old/deep/a", [1]);
        var deep = await Mount.InodeOf("old/deep");
        var (copying, goOn) = HoldCopies("new/deep/a");
        var move = Mount.Rename("old", "new");
        await copying;
        var create = Task.Run(async () => (await Mount.Files.CreateAsync(deep, Mount.Bytes("b"), 0x1A4, OpenFlags.Write, Mount.User, default)).File.Handle);
        var remove = Task.Run(async () => await Mount.Files.UnlinkAsync(deep, Mount.Bytes("a"), default));
        await Task.Delay(50);
        Assert.False(create.IsCompleted);
        Assert.False(remove.IsCompleted);
        goOn();
        await move;
        await remove;
        await Mount.WriteAt(await create, 0, [2]);
        await Mount.Close(await create);
        await Mount.Remount();
        Assert.Equal(["b"], await Mount.List("new/deep"));
        Assert.Equal([2], await Mount.Read("new/deep/b"));
        Assert.DoesNotContain(Store.Keys, key => key.StartsWith("old", StringComparison.Ordinal));
    }

    [PosixFact]
    public async Task A_file_being_written_moves_along_and_is_stored_in_the_new_place_when_it_closes()
    {
        await Mount.MakeDirectory("old");
        await Mount.Write("old/known", [1, 1]);
        var stored = await Mount.Open("old/known", OpenFlags.Write);
        await Mount.WriteAt(stored, 0, [2]);
        var made = await Mount.Create("old/made", OpenFlags.Write);
        await Mount.WriteAt(made, 0, [3]);
        await Mount.Rename("old", "new");
        // Nobody is to see half of what a program writes.
        Assert.Equal([1, 1], Store["new/known"].Data);
        Assert.DoesNotContain("new/made", Store.Keys);
        await Mount.WriteAt(stored, 1, [4]);
        await Mount.Close(stored);
        await Mount.Close(made);
        Assert.Equal([2, 4], Store["new/known"].Data);
        Assert.Equal([3], Store["new/made"].Data);
        Assert.DoesNotContain(Store.Keys, key => key.StartsWith("old", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_write_while_its_directory_moves_goes_where_the_directory_went()
    {
        await Mount.MakeDirectory("old");
        await Mount.Write("old/a", [1]);
        await Mount.Remount();
        // Only the directory is known when the move begins.
        var directory = await Mount.InodeOf("old");
        var (copying, goOn) = HoldCopies("new/a");
        var move = Mount.Rename("old", "new");
        await copying;
        var write = Task.Run(async () =>
        {
            var file = await Mount.Files.LookupAsync(directory, Mount.Bytes("a"), Mount.User, default);
            var handle = (await Mount.Files.OpenAsync(file.Attributes.Inode, OpenFlags.Write, Mount.User, default)).Handle;
            await Mount.WriteAt(handle, 0, [9]);
            await Mount.Close(handle);
        });
        await Task.Delay(50);
        goOn();
        await move;
        await write;
        Assert.Equal([9], Store["new/a"].Data);
        Assert.DoesNotContain(Store.Keys, key => key.StartsWith("old", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_directories_that_move_into_each_others_places_do_not_lock_each_other_out()
    {
        foreach (var name in new[] { "a", "b", "a/x", "b/y" })
        {
            await Mount.MakeDirectory(name);
        }
        await Mount.Write("a/x/f", [1]);
        await Mount.Write("b/y/g", [2]);
        await Task.WhenAll(Mount.Rename("a/x", "b/x"), Mount.Rename("b/y", "a/y")).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([1], await Mount.Read("b/x/f"));
        Assert.Equal([2], await Mount.Read("a/y/g"));
    }

    [Fact]
    public async Task An_unsaved_file_survives_that_its_name_becomes_a_directory_elsewhere()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2]);
        Store.PutForeign("a/below", [5]);
        Mount.Pass(5);
        await Mount.List();
        await Mount.Close(handle);
        Assert.Equal([2], Store["a"].Data);
    }

    /// <summary>Stops the copy to a key: a task that ends when it is reached, and what lets it go on.</summary>
    private (Task Reached, Action GoOn) HoldCopies(string destination)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Faults.Before(RequestKind.Copy, destination, async _ =>
        {
            reached.SetResult();
            await goOn.Task;
        });
        return (reached.Task, goOn.SetResult);
    }
}
