using SseCFs.Tests.Support;
using Xunit;

namespace SseCFs.Tests.Behaviour;

/// <summary>Objects are encrypted anew with another key while files are in use: nobody notices.</summary>
public sealed class Rekeyed : MountTest
{
    private static readonly byte[] Large = Mount.Content(9 << 20);

    [Fact]
    public async Task A_file_that_is_open_is_read_to_its_end()
    {
        var other = MountAgain();
        await Mount.Write("a", Large);
        var handle = await other.Open("a");
        Assert.Equal(Large[..100], await other.ReadAt(handle, 0, 100));
        Store.RekeyForeign("a");
        Assert.Equal(Large[^100..], await other.ReadAt(handle, Large.Length - 100, 100));
        Assert.Equal(Large, await other.Read("a"));
        Store.RekeyForeign("a");
        Assert.Equal(Large[5_000_000..5_000_100], await other.ReadAt(handle, 5_000_000, 100));
        await other.Close(handle);
    }

    [Fact]
    public async Task What_is_cached_and_open_stays_and_the_kernel_forgets_nothing()
    {
        var sink = new OtherWriters.Sink();
        var other = MountAgain();
        other.Files.Invalidation = sink;
        await Mount.Write("a", [1, 2, 3]);
        var handle = await other.Open("a");
        var inode = await other.InodeOf("a");
        Store.RekeyForeign("a");
        other.Pass();
        Assert.Equal(["a"], await other.List(withAttributes: true));
        Assert.Equal([1, 2, 3], await other.Read("a"));
        Assert.Equal(inode, await other.InodeOf("a"));
        Assert.Empty(sink.Contents);
        await other.Close(handle);
    }

    /// <summary>As a database does, which has its file open for days.</summary>
    [Fact]
    public async Task A_file_that_is_written_much_later_is_no_conflict()
    {
        var other = MountAgain();
        await Mount.Write("a", Large);
        var handle = await other.Open("a", OpenFlags.Read | OpenFlags.Write);
        Store.RekeyForeign("a");
        other.Pass();
        await other.List();
        await other.Stat("a");
        await other.WriteAt(handle, 100, [9, 9]);
        await other.Close(handle);
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([9, 9], Store["a"].Data[100..102]);
        Assert.Equal([9, 9], (await other.Read("a"))[100..102]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_under_way_is_no_conflict(bool isSeenBefore)
    {
        var other = MountAgain();
        await Mount.Write("a", Large);
        var handle = await other.Open("a", OpenFlags.Read | OpenFlags.Write);
        await other.WriteAt(handle, 100, [9, 9]);
        Store.RekeyForeign("a");
        if (isSeenBefore)
        {
            other.Pass();
            await other.Stat("a");
        }
        await other.Close(handle);
        Assert.Equal(["a"], Store.Keys);
        Assert.Equal([.. Large[..100], 9, 9, .. Large[102..]], Store["a"].Data);
        Assert.Empty(other.Files.Conflicts);
    }

    [Fact]
    public async Task Attributes_change_and_names_move()
    {
        var other = MountAgain();
        await Mount.Write("a", Large);
        await Mount.Write("b", [1]);
        await Mount.Write("replaced", [2]);
        foreach (var name in await other.List())
        {
            await other.Stat(name);
        }
        Store.RekeyForeign("a");
        await other.Change("a", new AttributeChange { Mode = 0x180 });
        await other.Files.DrainAsync(CancellationToken.None);
        Assert.Equal("33152", Store["a"].Metadata.User["mode"]);
        Store.RekeyForeign("a");
        Store.RekeyForeign("replaced");
        await other.Rename("b", "replaced");
        await other.Rename("a", "c");
        Assert.Equal(["c", "replaced"], Store.Keys);
        Assert.Equal([1], Store["replaced"].Data);
        Assert.Equal(Large, Store["c"].Data);
    }

    [Fact]
    public async Task The_source_of_a_rename_goes()
    {
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", Large);
        Faults.After(RequestKind.Copy, "e/a", _ =>
        {
            Store.RekeyForeign("d/a");
            return Task.CompletedTask;
        });
        await Mount.Rename("d", "e");
        Assert.DoesNotContain("d/a", Store.Keys);
        Assert.Equal(Large, Store["e/a"].Data);
    }

    [Fact]
    public async Task Another_version_is_another_version_all_the_same()
    {
        var other = MountAgain();
        await Mount.Write("a", Large);
        var handle = await other.Open("a", OpenFlags.Read | OpenFlags.Write);
        await other.WriteAt(handle, 0, [9]);
        Store.PutForeign("a", [7]);
        Store.RekeyForeign("a");
        await Fails.With(FsError.Conflict, () => other.Close(handle));
        Assert.Equal([7], Store["a"].Data);
        Assert.Contains(Store.Keys, key => key.StartsWith("a.conflict-", StringComparison.Ordinal));
    }
}
