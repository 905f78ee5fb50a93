using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Objects that are not encrypted, where the mount does not read them: refused, or hidden. Neither is ever overwritten.</summary>
public sealed class PlainPolicies : MountTest
{
    public PlainPolicies() => Store.PutForeign("plain", Mount.Content(1234), plain: true);

    private static SseFileSystemOptions Options(PlainObjects policy) =>
        new() { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, Plain = policy };

    private void Set(PlainObjects policy) => Mount = new Mount(Faults, Clock, Options(policy));

    private void IsUntouched()
    {
        Assert.Equal(Mount.Content(1234), Store["plain"].Data);
        Assert.Null(Store["plain"].UnderKey);
    }

    [Fact]
    public async Task A_refused_one_is_shown_and_can_be_neither_opened_nor_changed()
    {
        Set(PlainObjects.Refuse);
        await Mount.Write("mine", [1]);
        Assert.Equal(["mine", "plain"], await Mount.List(withAttributes: true));
        var attributes = await Mount.Stat("plain");
        Assert.Equal((FileType.Regular, 1234L), (attributes.Mode, attributes.Size));
        await Fails.With(FsError.PlainRefused, () => Mount.Open("plain"));
        await Fails.With(FsError.PlainRefused, () => Mount.Open("plain", OpenFlags.Write));
        await Fails.With(FsError.PlainRefused, () => Mount.Open("plain", OpenFlags.Write | OpenFlags.Append));
        await Fails.With(FsError.PlainRefused, () => Mount.Write("plain", [1]));
        await Fails.With(FsError.PlainRefused, () => Mount.Truncate("plain", 0));
        await Fails.With(FsError.PlainRefused, () => Mount.Change("plain", new AttributeChange { Mode = 0 }));
        await Fails.With(FsError.PlainRefused, () => Mount.Rename("mine", "plain"));
        await Fails.With(FsError.PlainRefused, () => Mount.Rename("plain", "elsewhere"));
        await Fails.With(FsError.Exists, () => Mount.Create("plain", OpenFlags.Write | OpenFlags.Exclusive));
        await Fails.With(FsError.Exists, () => Mount.MakeDirectory("plain"));
        IsUntouched();
        await Mount.Unlink("plain");
        Assert.Equal(["mine"], Store.Keys);
    }

    [Fact]
    public async Task A_hidden_one_does_not_appear()
    {
        Set(PlainObjects.Hide);
        await Mount.Write("mine", [1]);
        Store.PutForeign("d/plain", [1], plain: true);
        Mount.Pass();
        foreach (var withAttributes in new[] { true, false })
        {
            Assert.Equal(["d", "mine"], await Mount.List(withAttributes: withAttributes));
            Assert.Empty(await Mount.List("d", withAttributes));
        }
        Assert.False(await Mount.Exists("plain"));
        Assert.False(await Mount.Exists("d/plain"));
        await Fails.With(FsError.NotFound, () => Mount.Unlink("plain"));
        await Fails.With(FsError.NotFound, () => Mount.Rename("plain", "elsewhere"));
        await Fails.With(FsError.NotEmpty, () => Mount.RemoveDirectory("d"));
        IsUntouched();
    }

    [Fact]
    public async Task The_name_of_a_hidden_one_cannot_be_taken()
    {
        Set(PlainObjects.Hide);
        await Mount.Write("mine", [1]);
        await Mount.MakeDirectory("d");
        await Fails.With(FsError.Exists, () => Mount.Write("plain", [1]));
        await Fails.With(FsError.Exists, () => Mount.Create("plain", OpenFlags.Write | OpenFlags.Exclusive));
        await Fails.With(FsError.Exists, () => Mount.MakeDirectory("plain"));
        await Fails.With(FsError.Exists, () => Mount.Link("mine", "plain"));
        await Fails.With(FsError.Exists, () => Mount.Rename("mine", "plain"));
        await Fails.With(FsError.Exists, () => Mount.Rename("d", "plain"));
        var unstored = await Mount.Create("new");
        await Fails.With(FsError.Exists, () => Mount.Rename("new", "plain"));
        await Mount.Close(unstored);
        Assert.Equal(["d/", "mine", "new", "plain"], Store.Keys);
        IsUntouched();
    }

    [Theory]
    [InlineData(PlainObjects.Refuse)]
    [InlineData(PlainObjects.Hide)]
    public async Task A_directory_with_one_does_not_move(PlainObjects policy)
    {
        Set(policy);
        await Mount.MakeDirectory("d");
        await Mount.Write("d/a", [1]);
        Store.PutForeign("d/plain", [2], plain: true);
        var before = Store.Keys;
        await Fails.With(FsError.PlainRefused, () => Mount.Rename("d", "moved"));
        Assert.Equal(before, Store.Keys);
    }

    [Theory]
    [InlineData(PlainObjects.Refuse)]
    [InlineData(PlainObjects.Hide)]
    public async Task Markers_of_directories_are_exempt(PlainObjects policy)
    {
        Set(policy);
        Store.PutForeign("d/", [], new Dictionary<string, string> { ["mode"] = "16832" }, plain: true);
        Store.PutForeign("d/a", [1]);
        Assert.Contains("d", await Mount.List(withAttributes: true));
        Assert.Equal(FileType.Directory | 0x1C0, (await Mount.Stat("d")).Mode);
        await Mount.Rename("d", "e");
        Assert.Equal([1], await Mount.Read("e/a"));
        Assert.Equal("key-1", Store["e/"].UnderKey);
    }

    [Fact]
    public async Task What_a_plain_object_says_of_itself_counts_for_nothing()
    {
        Set(PlainObjects.Refuse);
        Store.PutForeign("link", "mine"u8.ToArray(), new Dictionary<string, string> { ["mode"] = "41471", ["uid"] = "0" }, plain: true);
        var attributes = await Mount.Stat("link");
        Assert.Equal((FileType.Regular, 1000u), (attributes.Mode, attributes.Uid));
        await Fails.With(FsError.PlainRefused, async () => await Mount.Files.ReadLinkAsync(attributes.Inode, default));
    }

    [Fact]
    public async Task A_listing_that_hides_asks_once_for_each_entry_and_for_few_at_a_time()
    {
        for (var i = 0; i < 40; i++)
        {
            Store.PutForeign($"d/{i:D2}", [1], plain: i % 2 == 0);
        }
        Mount = new Mount(Faults, Clock, Options(PlainObjects.Hide) with { MetadataRequests = 4 });
        var (now, most) = (0, 0);
        Faults.Before(RequestKind.Head, null, async token =>
        {
            lock (Store)
            {
                most = Math.Max(most, ++now);
            }
            await Task.Delay(5, token);
            lock (Store)
            {
                now--;
            }
        }, times: int.MaxValue);
        Assert.Equal(20, (await Mount.List("d")).Count);
        Assert.InRange(most, 2, 4);
        Mount.Pass();
        Store.Requests.Clear();
        Assert.Equal(20, (await Mount.List("d")).Count);
        Assert.Equal(Mount.Question("d/") + ", List d/", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_listing_fails_rather_than_leave_out_what_could_not_be_asked_for()
    {
        Set(PlainObjects.Hide);
        Store.PutForeign("mine", [1]);
        Faults.Fail(RequestKind.Head, "mine", times: int.MaxValue);
        await Fails.With(FsError.Unavailable, () => Mount.List());
        Faults.Heal();
        Assert.Equal(["mine"], await Mount.List());
    }

    [Theory]
    [InlineData(PlainObjects.Refuse, FsError.PlainRefused)]
    [InlineData(PlainObjects.Hide, FsError.Stale)]
    public async Task A_file_that_was_replaced_by_one_is_not_opened_again(PlainObjects policy, FsError reason)
    {
        Set(policy);
        await Mount.Write("mine", [1]);
        var inode = await Mount.InodeOf("mine");
        Store.PutForeign("mine", [6, 6, 6], plain: true);
        await Fails.With(reason, async () => await Mount.Files.OpenAsync(inode, OpenFlags.Read, Mount.User, default));
        Mount.Pass();
        Assert.Equal(policy == PlainObjects.Refuse, await Mount.Exists("mine"));
    }

    [Theory]
    [InlineData(PlainObjects.Refuse, null)]
    [InlineData(PlainObjects.Hide, null)]
    [InlineData(PlainObjects.Read, "another")]
    public async Task One_that_comes_under_a_name_that_is_being_written_stays_and_ours_is_kept_beside_it_once(PlainObjects policy, string? underKey)
    {
        Set(policy);
        var handle = await Mount.Create("new");
        await Mount.WriteAt(handle, 0, [1, 2]);
        Store.PutForeign("new", [6], underKey: underKey, plain: underKey is null);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Equal([6], Store["new"].Data);
        var kept = Assert.Single(Store.Keys, key => key.StartsWith("new.conflict-", StringComparison.Ordinal));
        Assert.Equal([1, 2], Store[kept].Data);
        Mount.Pass();
        Assert.Equal(policy != PlainObjects.Hide, await Mount.Exists("new"));
    }
}
