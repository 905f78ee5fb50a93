using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Attributes wait here to be stored, and another machine changes or removes what they belong to.</summary>
public sealed class AttributesElsewhere : MountTest
{
    private const uint OwnerOnly = 0x180;

    [PosixFact]
    public async Task A_directory_that_was_removed_does_not_come_back_with_its_times()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/x", [1]);
        Store.DeleteForeign("d/x");
        Store.DeleteForeign("d/");
        await Drained();
        Assert.Empty(Store.Keys);
        Assert.False(await Mount.Exists("d"));
        await MountAgain().MakeDirectory("d");
    }

    [PosixFact]
    public async Task A_directory_that_was_moved_is_not_moved_again_with_its_times()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/x", [1]);
        Store.DeleteForeign("d/x");
        Store.DeleteForeign("d/");
        // By which Linux looks the name up again.
        await Fails.With(FsError.Stale, () => Mount.Rename("d", "e"));
        await Drained();
        Assert.Empty(Store.Keys);
    }

    [PosixFact]
    public async Task A_directory_whose_marker_alone_went_keeps_its_attributes()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/x", [1]);
        await Drained();
        await Mount.Change("d", new AttributeChange { Mode = 0x1C0 });
        Store.DeleteForeign("d/");
        await Drained();
        await Mount.Remount();
        Assert.Equal(FileType.Directory | 0x1C0u, (await Mount.Stat("d")).Mode);
    }

    [PosixFact]
    public async Task What_another_machine_stored_where_a_directory_moves_to_is_not_replaced()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        Faults.Before(RequestKind.Copy, "e/a", _ =>
        {
            Store.PutForeign("e/a", [2]);
            return Task.CompletedTask;
        });
        await Fails.With(FsError.Exists, () => Mount.Rename("d", "e"));
        Assert.Equal([2], Store["e/a"].Data);
        Assert.Equal([1], Store["d/a"].Data);
    }

    [Fact]
    public async Task A_change_of_attributes_applies_to_what_another_machine_has_stored_meanwhile()
    {
        Store.PutForeign("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = OwnerOnly });
        Store.PutForeign("a", [2, 2]);
        await EndsOnTheOthersAsync();
    }

    [PosixFact]
    public async Task So_it_does_while_the_version_before_is_open()
    {
        Store.PutForeign("a", [1]);
        var handle = await Mount.Open("a");
        await Mount.Change("a", new AttributeChange { Mode = OwnerOnly });
        Store.PutForeign("a", [2, 2]);
        // The name leads to another inode from now on: Linux is told so, and asks once more.
        await Fails.With(FsError.Stale, () => Mount.Read("a"));
        Assert.Equal([2, 2], await Mount.Read("a"));
        await Mount.Close(handle);
        await EndsOnTheOthersAsync();
    }

    private async Task EndsOnTheOthersAsync()
    {
        await Drained();
        Assert.Equal([2, 2], Store["a"].Data);
        await Mount.Remount();
        Assert.Equal(FileType.Regular | OwnerOnly, (await Mount.Stat("a")).Mode);
    }

    /// <summary>The second change comes while the request for the first is under way, which another machine's version makes fail.</summary>
    [PosixFact]
    public async Task A_file_that_was_replaced_under_two_changes_can_be_worked_with()
    {
        Store.PutForeign("big", Mount.Content(6 << 20));
        await Mount.Change("big", new AttributeChange { Mode = OwnerOnly });
        Faults.Before(RequestKind.Copy, "big", async _ =>
        {
            Store.PutForeign("big", [1, 2, 3]);
            await Mount.Change("big", new AttributeChange { Mode = 0x1C0 });
        });
        await Drained();
        Assert.Empty(Mount.Files.Unsaved);
        Assert.Equal(3, (await Mount.Stat("big")).Size);
        await Mount.Change("big", new AttributeChange { Mode = OwnerOnly });
        await Mount.Write("other", [4]);
        await Drained();
        await Mount.Remount();
        Assert.Equal(FileType.Regular | OwnerOnly, (await Mount.Stat("big")).Mode);
    }

    /// <summary>The request for the first change was carried out and its reply lost; whose version stands there cannot be asked after the second.</summary>
    [PosixFact]
    public async Task A_change_whose_refusal_cannot_be_explained_yet_waits()
    {
        Store.PutForeign("big", Mount.Content(6 << 20));
        await Mount.Change("big", new AttributeChange { Mode = OwnerOnly });
        Faults.After(RequestKind.Copy, "big", _ => throw new FsException(FsError.Unavailable, "as the test wants it"));
        await Fails.With(FsError.Unavailable, () => Synced("big"));
        await Mount.Change("big", new AttributeChange { Mode = 0x1C0 });
        Faults.Before(RequestKind.Copy, "big", _ =>
        {
            Faults.Fail(RequestKind.Head, "big");
            return Task.CompletedTask;
        });
        await Fails.With(FsError.Unavailable, () => Synced("big"));
        Assert.NotEmpty(Mount.Files.Unsaved);
        Faults.Heal();
        await Drained();
        await Mount.Remount();
        Assert.Equal(FileType.Regular | 0x1C0u, (await Mount.Stat("big")).Mode);
    }

    /// <summary>Also where attributes of the version before still wait.</summary>
    [PosixFact]
    public async Task An_open_sees_what_was_closed_elsewhere()
    {
        Store.PutForeign("a", [1]);
        Assert.Equal([1], await Mount.Read("a"));
        await Mount.Change("a", new AttributeChange { Mode = OwnerOnly });
        Store.PutForeign("a", [2, 2]);
        Assert.Equal([2, 2], await Mount.Read("a"));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([2, 2], Store["a"].Data);
    }

    /// <summary>An answer about the place where the directory was says nothing of where it is.</summary>
    [PosixFact]
    public async Task A_directory_that_moves_while_it_is_asked_for_keeps_its_attributes()
    {
        var other = MountAgain();
        await other.MakeDirectory("d");
        await other.MakeDirectory("d/sub");
        await other.Change("d/sub", new AttributeChange { Mode = 0x1C0 });
        await other.Write("d/sub/a", [1]);
        Assert.Equal(0, await other.Files.DrainAsync(default));
        await Mount.List("d");
        var isAsked = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        Faults.Before(RequestKind.Head, "d/sub/", async _ =>
        {
            isAsked.SetResult();
            await goOn.Task;
        });
        var asked = Mount.Stat("d/sub");
        await isAsked.Task;
        await Mount.Rename("d", "e");
        goOn.SetResult();
        await asked;
        Assert.Equal(FileType.Directory | 0x1C0u, (await Mount.Stat("e/sub")).Mode);
    }

    /// <summary>The same for what it holds.</summary>
    [PosixFact]
    public async Task A_directory_that_moves_while_it_is_listed_is_listed_whole()
    {
        Store.PutForeign("d/a", [1]);
        Store.PutForeign("d/b", [2]);
        await Mount.InodeOf("d");
        var isAsked = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        Faults.Before(RequestKind.List, "d/", async _ =>
        {
            isAsked.SetResult();
            await goOn.Task;
        });
        var listed = Mount.List("d");
        await isAsked.Task;
        await Mount.Rename("d", "e");
        goOn.SetResult();
        Assert.Equal(["a", "b"], await listed);
        Assert.Equal(["a", "b"], await Mount.List("e"));
    }

    private async Task Synced(string path)
    {
        var handle = await Mount.Open(path, OpenFlags.Read | OpenFlags.Write);
        try
        {
            await Mount.Files.SyncAsync(handle, default);
        }
        finally
        {
            await Mount.Close(handle);
        }
    }

    private async Task Drained()
    {
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Mount.Pass();
    }
}
