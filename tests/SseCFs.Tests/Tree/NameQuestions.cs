using SseCFs.Tests.Support;

namespace SseCFs.Tests.Tree;

/// <summary>One name is asked for: what it leads to, whatever stands beside it, and whatever happens meanwhile.</summary>
public sealed class NameQuestions : MountTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(50)]
    [InlineData(2500)]
    public async Task A_name_is_found_among_those_that_begin_with_it(int siblings)
    {
        // In the order of keys: "x", then "x-…" and "x.…", then "x/…", then "x0…".
        for (var i = 0; i < siblings; i++)
        {
            Store.PutForeign($"d/{(i % 2 == 0 ? "file" : "dir")}-{i:D5}", [1]);
            Store.PutForeign($"d/gone.{i:D5}", [1]);
        }
        Store.PutForeign("d/file", [1, 2]);
        Store.PutForeign("d/file0", [1]);
        Store.PutForeign("d/dir/below", [1]);
        Store.PutForeign("d/dir0", [1]);
        Store.PutForeign("d/gone0", [1]);
        Assert.Equal(2, (await Mount.Stat("d/file")).Size);
        Assert.True((await Mount.Stat("d/dir")).IsDirectory);
        Assert.False(await Mount.Exists("d/gone"));
        Assert.False(await Mount.Exists("d/gon"));
        Assert.Equal([1], await Mount.Read("d/dir/below"));
    }

    [Fact]
    public async Task Object_and_directory_of_one_name_with_many_between_show_the_directory()
    {
        Store.PutForeign("x", [1]);
        for (var i = 0; i < 40; i++)
        {
            Store.PutForeign($"x-{i:D2}", [1]);
        }
        Store.PutForeign("x/y", [2]);
        Assert.True((await Mount.Stat("x")).IsDirectory);
        Assert.Equal([2], await Mount.Read("x/y"));
    }

    [Fact]
    public async Task Names_of_any_characters_are_found()
    {
        string[] names = ["é", "e", "日本", "𝄞 clef", "a b+c%20&d", "~", "-", "'quoted\"", "‛ quote"];
        foreach (var name in names)
        {
            await Mount.Write(name, Mount.Bytes(name));
            await Mount.MakeDirectory(name + ".d");
        }
        await Mount.Remount();
        foreach (var name in names)
        {
            Assert.Equal(Mount.Bytes(name), await Mount.Read(name));
            Assert.True((await Mount.Stat(name + ".d")).IsDirectory);
            Assert.False(await Mount.Exists(name + "!"));
        }
    }

    [Fact]
    public async Task A_directory_tells_by_the_same_request_whether_it_has_a_marker()
    {
        Store.PutForeign("with/", [], new Dictionary<string, string> { ["mode"] = "16832" });
        Store.PutForeign("without/a", [1]);
        Store.PutForeign("both/", []);
        Store.PutForeign("both/a", [1]);
        Assert.Equal(FileType.Directory | 0x1C0, (await Mount.Stat("with")).Mode);
        Assert.Equal("List with, Head with/", Store.Requests.ToString());
        Store.Requests.Clear();
        Assert.Equal(FileType.Directory | 0x1ED, (await Mount.Stat("without")).Mode);
        Assert.Equal("List without", Store.Requests.ToString());
        Mount.Pass();
        Store.Requests.Clear();
        await Mount.Stat("with");
        await Mount.Stat("without");
        Assert.Equal("List with/, List without/", Store.Requests.ToString());
    }

    [Fact]
    public async Task Changed_attributes_of_a_directory_are_seen_when_its_name_is()
    {
        Store.PutForeign("d/", [], new Dictionary<string, string> { ["mode"] = "16832" });
        Assert.Equal(FileType.Directory | 0x1C0, (await Mount.Stat("d")).Mode);
        Mount.Pass(5);
        Store.PutForeign("d/", [], new Dictionary<string, string> { ["mode"] = "16877" });
        Assert.Equal(FileType.Directory | 0x1ED, (await Mount.Stat("d")).Mode);
    }

    [Fact]
    public async Task What_another_host_makes_in_a_listed_directory_is_found_once_it_is_asked_for()
    {
        for (var i = 0; i < 3000; i++)
        {
            Store.PutForeign($"d/{i:D5}", [1]);
        }
        await Mount.List("d");
        Mount.Pass(0.01);
        Store.PutForeign("d/new", [1, 2]);
        Store.PutForeign("d/sub/file", [1]);
        Store.Requests.Clear();
        Assert.Equal(2, (await Mount.Stat("d/new")).Size);
        Assert.Equal([1], await Mount.Read("d/sub/file"));
        Assert.Equal("List d/new, Get d/new, List d/sub, List d/sub/file, Get d/sub/file", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_file_that_became_a_directory_elsewhere_is_one_when_it_is_asked_for_again()
    {
        Store.PutForeign("x", [1]);
        await Mount.Stat("x");
        Store.DeleteForeign("x");
        Store.PutForeign("x/y", [2]);
        Mount.Pass();
        Assert.True((await Mount.Stat("x")).IsDirectory);
        Store.DeleteForeign("x/y");
        Store.PutForeign("x", [3]);
        Mount.Pass();
        Assert.Equal([3], await Mount.Read("x"));
        Store.DeleteForeign("x");
        Mount.Pass();
        Assert.False(await Mount.Exists("x"));
    }

    /// <summary>As in AWS's examples of policies for home folders: a condition on s3:prefix that names folders.</summary>
    [Fact]
    public async Task Where_only_whole_directories_may_be_listed_they_are()
    {
        Store.PutForeign("d/a", [1]);
        Store.PutForeign("d/b/c", [2]);
        foreach (var refused in new[] { "d", "d/a", "d/b", "d/b/c", "d/none" })
        {
            Faults.Fail(RequestKind.List, refused, FsError.AccessDenied, times: int.MaxValue);
        }
        Assert.Equal([1], await Mount.Read("d/a"));
        Assert.Equal([2], await Mount.Read("d/b/c"));
        Mount.Pass();
        Assert.False(await Mount.Exists("d/none"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("d")]
    public async Task A_name_removed_here_while_it_is_asked_for_stays_removed(string name)
    {
        Store.PutForeign("a", [1]);
        Store.PutForeign("d/x", [1]);
        var (asked, goOn) = Hold(RequestKind.List, name);
        var lookup = Task.Run(() => Mount.Exists(name));
        await asked;
        Faults.Heal();
        // Another program finds it by a listing, and removes it.
        await Mount.List();
        await Mount.Unlink("a");
        await Mount.Unlink("d/x");
        await Mount.RemoveDirectory("d");
        goOn();
        Assert.False(await lookup);
        Assert.False(await Mount.Exists(name));
        Assert.Empty(await Mount.List());
    }

    [Fact]
    public async Task A_name_made_here_while_it_is_asked_for_stays()
    {
        await Mount.List();
        Mount.Pass();
        var (asked, goOn) = Hold(RequestKind.List, "a");
        var lookup = Task.Run(() => Mount.Exists("a"));
        await asked;
        Faults.Heal();
        var handle = await Mount.Create("a");
        await Mount.WriteAt(handle, 0, [1]);
        goOn();
        Assert.True(await lookup);
        await Mount.Close(handle);
        Assert.Equal([1], await Mount.Read("a"));
    }

    [Fact]
    public async Task A_directory_made_and_filled_here_while_it_was_asked_for_stays()
    {
        Store.PutForeign("d/x", [1]);
        var before = await Mount.InodeOf("d");
        Mount.Pass();
        Store.DeleteForeign("d/x");
        var (asked, goOn) = Hold(RequestKind.List, "d/");
        var directory = Mount.InodeOf("d");
        await asked;
        // The answer is that nothing is there. Meanwhile a file is made in it, by who is in the directory already.
        Store.PutForeign("d/y", [1]);
        Faults.Heal();
        await Mount.List("");
        await Mount.Write("d/z", [2]);
        goOn();
        Assert.Equal(before, await directory);
        Assert.Equal(before, await Mount.InodeOf("d"));
        Assert.Equal([2], await Mount.Read("d/z"));
    }

    [PosixFact]
    public async Task A_question_about_a_directory_that_is_moved_meanwhile_is_asked_of_its_new_place()
    {
        await Mount.MakeDirectory("old");
        await Mount.Write("old/a", [1]);
        await Mount.Remount();
        var directory = await Mount.InodeOf("old");
        var (asked, goOn) = Hold(RequestKind.List, "old/a", isAnswered: false);
        var lookup = Task.Run(async () => await Mount.Files.LookupAsync(directory, Mount.Bytes("a"), Mount.User, default));
        await asked;
        await Mount.Rename("old", "new");
        goOn();
        var inode = (await lookup).Attributes.Inode;
        Assert.Equal(inode, await Mount.InodeOf("new/a"));
        Assert.Equal([1], await Mount.Read("new/a"));
        Assert.False(await Mount.Exists("old/a"));
    }

    [Theory]
    [InlineData("a", RequestKind.Put)]
    [InlineData("large", RequestKind.Copy)]
    [InlineData("d", RequestKind.Put)]
    public async Task Attributes_on_their_way_to_the_store_are_not_taken_back_by_what_it_had_before(string name, RequestKind kind)
    {
        Store.PutForeign("a", [1]);
        Store.PutForeign("large", Mount.Content(6 << 20));
        Store.PutForeign("d/", []);
        Assert.Equal([1], await Mount.Read("a"));
        var type = (await Mount.Change(name, new AttributeChange { Mode = 0x180 })).Mode & FileType.Mask;
        var (reached, goOn) = Hold(kind, name == "d" ? "d/" : name, isAnswered: false);
        var storing = Mount.Files.DrainAsync(default).AsTask();
        await reached;
        // What is known is old, and the store still shows what was before.
        Mount.Pass(60);
        await Mount.List(withAttributes: true);
        Mount.Pass(60);
        Assert.Equal(type | 0x180, (await Mount.Stat(name)).Mode);
        goOn();
        Assert.Equal(0, await storing);
        Assert.Equal(type | 0x180, (await Mount.Stat(name)).Mode);
        await Mount.Remount();
        Assert.Equal(type | 0x180, (await Mount.Stat(name)).Mode);
    }

    [Fact]
    public async Task Attributes_that_go_along_with_a_rename_are_kept_whether_it_succeeds_or_not()
    {
        await Mount.Write("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        Faults.Fail(RequestKind.Put, "b");
        await Fails.With(FsError.Unavailable, () => Mount.Rename("a", "b"));
        var (reached, goOn) = Hold(RequestKind.Put, "b", isAnswered: false);
        var rename = Mount.Rename("a", "b");
        await reached;
        Mount.Pass();
        Assert.Equal(FileType.Regular | 0x180, (await Mount.Stat("a")).Mode);
        goOn();
        await rename;
        Assert.Equal(FileType.Regular | 0x180, (await Mount.Stat("b")).Mode);
        await Mount.Write("b", [2]);
        await Mount.Remount();
        Assert.Equal(FileType.Regular | 0x180, (await Mount.Stat("b")).Mode);
    }

    [Fact]
    public async Task A_listing_takes_nothing_back_that_was_done_meanwhile()
    {
        foreach (var name in new[] { "gone", "kept", "moved" })
        {
            await Mount.Write(name, [1]);
        }
        Mount.Pass();
        var (asked, goOn) = Hold(RequestKind.List, "");
        var listing = Mount.List();
        await asked;
        Faults.Heal();
        await Mount.Unlink("gone");
        await Mount.Rename("moved", "there");
        await Mount.Write("made", [2]);
        await Mount.MakeDirectory("sub");
        goOn();
        await listing;
        string[] expected = ["kept", "made", "sub", "there"];
        Assert.Equal(expected, await Mount.List());
        Mount.Pass();
        Assert.Equal(expected, await Mount.List());
    }

    /// <summary>Holds the next request of a kind for a key: a task that ends when it is there, and what lets it go on.</summary>
    /// <param name="isAnswered">The store has given its answer, which nobody sees yet.</param>
    private (Task Reached, Action GoOn) Hold(RequestKind kind, string key, bool isAnswered = true)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<CancellationToken, Task> act = async _ =>
        {
            reached.SetResult();
            await goOn.Task;
        };
        if (isAnswered)
        {
            Faults.After(kind, key, act);
        }
        else
        {
            Faults.Before(kind, key, act);
        }
        return (reached.Task, goOn.SetResult);
    }
}
