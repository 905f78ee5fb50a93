using System.Text;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>What systems ask that ignore the case of letters, and that show when a file was made.</summary>
public sealed class AnyCase : MountTest
{
    [Fact]
    public async Task Names_are_found_in_any_case_in_the_order_of_their_keys()
    {
        foreach (var name in new[] { "readme", "README", "Readme", "other", "straße", "Ünï" })
        {
            Store.PutForeign(name, [1]);
        }
        Assert.Equal(["README", "Readme", "readme"], await Find("rEADME"));
        Assert.Equal(["other"], await Find("OTHER"));
        Assert.Equal(["Ünï"], await Find("üNÏ"));
        Assert.Equal(["straße"], await Find("STRAßE"));
        Assert.Empty(await Find("STRASSE"));
        Assert.Empty(await Find("readme2"));
    }

    [Fact]
    public async Task They_follow_what_is_made_renamed_and_removed()
    {
        Assert.Empty(await Find("A"));
        await Mount.Write("a", [1]);
        Assert.Equal(["a"], await Find("A"));
        await Mount.Rename("a", "A");
        Assert.Equal(["A"], await Find("a"));
        await Mount.MakeDirectory("D");
        await Mount.Rename("A", "D/b");
        Assert.Empty(await Find("a"));
        Assert.Equal(["b"], await Find("B", "D"));
        await Mount.Unlink("D/b");
        Assert.Empty(await Find("b", "D"));
        await Mount.RemoveDirectory("D");
        Assert.Empty(await Find("d"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300)]
    public async Task A_name_that_another_machine_has_made_is_found(int others)
    {
        for (var i = 0; i < others; i++)
        {
            Store.PutForeign($"{i:D4}", [1]);
        }
        Assert.Empty(await Find("new"));
        Mount.Pass();
        Store.PutForeign("New", [1]);
        Assert.Equal(["New"], await Find("NEW"));
    }

    [Fact]
    public async Task A_name_that_is_known_costs_no_request()
    {
        await Mount.Write("a", [1]);
        await Find("a");
        Store.Requests.Clear();
        Assert.Equal(["a"], await Find("A"));
        Assert.Equal("", Store.Requests.ToString());
    }

    [Fact]
    public async Task Attributes_alone_bring_no_content()
    {
        Store.PutForeign("a", Mount.Content(1000));
        var entry = await Mount.Files.LookupAttributesAsync(IFileSystem.RootInode, "a"u8.ToArray(), default);
        Assert.Equal(1000, entry.Attributes.Size);
        Assert.Equal("List a, Head a", Store.Requests.ToString());
        Mount.Files.Forget(entry.Attributes.Inode, 1);
        await Fails.With(FsError.NotFound, async () => await Mount.Files.LookupAttributesAsync(IFileSystem.RootInode, "b"u8.ToArray(), default));
    }

    [Fact]
    public async Task Whether_a_directory_is_empty_is_told_without_removing_it()
    {
        await Mount.MakeDirectory("d");
        var inode = await Mount.InodeOf("d");
        await Mount.Files.EnsureEmptyAsync(inode, default);
        Store.PutForeign("d//x", [1]);
        await Fails.With(FsError.NotEmpty, async () => await Mount.Files.EnsureEmptyAsync(inode, default));
        Assert.True(await Mount.Exists("d"));
    }

    [Fact]
    public async Task When_a_file_was_made_is_kept_if_that_is_wanted()
    {
        var made = Timestamp.From(Clock.GetUtcNow());
        await using (var mount = new Mount(Store, Clock, new SseFileSystemOptions { KeepCreationTime = true, Memory = SseFileSystemOptions.SmallestMemory }))
        {
            await mount.Write("a", [1]);
            mount.Pass(100);
            await mount.Write("a", [2]);
            Assert.Equal(made, (await mount.Stat("a")).CreationTime);
        }
        Assert.Equal("2026-03-01T12:00:00Z", Store["a"].Metadata.User["btime"]);
        // One that does not note it keeps it all the same.
        Mount.Pass(100);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        await Mount.Remount();
        Assert.Equal(made, (await Mount.Stat("a")).CreationTime);
        Assert.NotEqual(made, (await Mount.Stat("a")).ModifyTime);
        await Mount.Write("b", [1]);
        Assert.False(Store["b"].Metadata.User.ContainsKey("btime"));
        Assert.Equal((await Mount.Stat("b")).ModifyTime, (await Mount.Stat("b")).CreationTime);
    }

    [Theory]
    [InlineData("2026-03-01T13:00:00.123456789+01:00", 1_772_366_400, 123_456_700)]
    [InlineData("2026-03-01T12:00:00Z", 1_772_366_400, 0)]
    public async Task A_time_of_creation_that_rclone_wrote_is_understood(string text, long seconds, uint nanoseconds)
    {
        Store.PutForeign("a", [1], new Dictionary<string, string> { ["btime"] = text });
        var created = (await Mount.Stat("a")).CreationTime;
        Assert.Equal(seconds, created.Seconds);
        Assert.InRange(created.Nanoseconds, nanoseconds, nanoseconds + 100);
    }

    [Fact]
    public async Task What_is_no_time_of_creation_is_passed_over()
    {
        Store.PutForeign("a", [1], new Dictionary<string, string> { ["btime"] = "yesterday", ["mtime"] = "1500000000" });
        Assert.Equal(new Timestamp(1_500_000_000, 0), (await Mount.Stat("a")).CreationTime);
    }

    private async Task<IEnumerable<string>> Find(string name, string directory = "") =>
        (await Mount.Files.FindNamesAsync(await Mount.InodeOf(directory), Encoding.UTF8.GetBytes(name), default)).Select(one => Encoding.UTF8.GetString(one.Span));
}
