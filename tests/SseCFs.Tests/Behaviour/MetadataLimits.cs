using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>What an object has no room for is refused when it is asked for, and what was accepted can be stored.</summary>
public sealed class MetadataLimits : MountTest
{
    private static readonly byte[] Name = "user.a"u8.ToArray();

    [Fact]
    public async Task The_largest_attribute_is_the_same_whether_the_file_is_stored_or_not_and_whoever_owns_it()
    {
        await Mount.Write("stored", [1]);
        await Mount.Write("owned", [1]);
        await Mount.Change("owned", new AttributeChange { Uid = 4_000_000_000, Gid = 4_000_000_000, ModifyTime = new Timestamp(-9_000_000_000, 999_999_999) });
        await Mount.MakeDirectory("directory");
        var open = await Mount.Create("new", OpenFlags.Write);
        await Mount.WriteAt(open, 0, [1]);
        var largest = new List<int>();
        foreach (var path in new[] { "stored", "owned", "new", "directory" })
        {
            largest.Add(await LargestAttribute(path));
        }
        await Mount.Close(open);
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        Assert.Single(largest.Distinct());
        Assert.InRange(largest[0], 1000, 2000);
    }

    [PosixFact]
    public async Task With_the_largest_attribute_everything_else_can_still_be_changed_and_stored()
    {
        await Mount.Write("a", [1]);
        await Mount.MakeDirectory("d");
        var largest = await LargestAttribute("a");
        await Set("d", largest);
        foreach (var path in new[] { "a", "d" })
        {
            await Mount.Change(path, new AttributeChange { Mode = 0xFFF, Uid = 4_000_000_000, Gid = 4_000_000_000 });
            await Mount.Change(path, new AttributeChange { ModifyTime = new Timestamp(-9_000_000_000, 999_999_999), AccessTime = new Timestamp(9_000_000_000, 999_999_999) });
        }
        await Mount.Write("a", [2]);
        await Mount.Rename("a", "b");
        await Mount.Rename("d", "e");
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
        await Mount.Remount();
        foreach (var path in new[] { "b", "e" })
        {
            Assert.Equal(4_000_000_000, (await Mount.Stat(path)).Uid);
            Assert.Equal(largest, (await Mount.Files.GetExtendedAttributeAsync(await Mount.InodeOf(path), Name, default))!.Value.Length);
        }
    }

    [Fact]
    public async Task A_file_that_others_have_overfilled_is_not_written_to_in_vain()
    {
        Store.PutForeign("a", [1], new Dictionary<string, string> { ["theirs"] = new string('x', 2000) });
        var handle = await Mount.Open("a", OpenFlags.Write);
        await Fails.With(FsError.MetadataTooLarge, () => Mount.WriteAt(handle, 0, [2]));
        await Mount.Close(handle);
        await Fails.With(FsError.MetadataTooLarge, () => Mount.Change("a", new AttributeChange { Mode = 0x180 }));
        Assert.Equal([1], await Mount.Read("a"));
        Assert.Equal(0, await Mount.Files.DrainAsync(default));
    }

    [Theory]
    [InlineData(255)]
    [InlineData(230)]
    public async Task A_conflict_over_a_long_name_leaves_both_to_be_seen(int length)
    {
        var name = new string('n', length);
        await Mount.Write(name, [1]);
        var handle = await Mount.Open(name, OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2]);
        Store.PutForeign(name, [3]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        var names = await Mount.List("");
        Assert.Equal(2, names.Count);
        Assert.Equal([3], await Mount.Read(name));
        Assert.Equal([2], await Mount.Read(names.Single(other => other != name)));
    }

    [Fact]
    public async Task So_does_one_in_a_directory_whose_path_takes_almost_all_of_a_key()
    {
        var directory = string.Join('/', Enumerable.Repeat(new string('d', 250), 4));
        foreach (var slash in new[] { 250, 501, 752, 1003 })
        {
            await Mount.MakeDirectory(directory[..slash]);
        }
        await Mount.Write(directory + "/file", [1]);
        var handle = await Mount.Open(directory + "/file", OpenFlags.Write);
        await Mount.WriteAt(handle, 0, [2]);
        Store.PutForeign(directory + "/file", [3]);
        await Fails.With(FsError.Conflict, () => Mount.Close(handle));
        var kept = Assert.Single(await Mount.List(directory[..752]), name => name.Contains(".conflict-", StringComparison.Ordinal));
        Assert.Equal([2], await Mount.Read($"{directory[..752]}/{kept}"));
    }

    private async Task<int> LargestAttribute(string path)
    {
        var (fits, tooLarge) = (0, 3000);
        while (fits + 1 < tooLarge)
        {
            var length = (fits + tooLarge) / 2;
            try
            {
                await Set(path, length);
                fits = length;
            }
            catch (FsException e) when (e.Reason == FsError.MetadataTooLarge)
            {
                tooLarge = length;
            }
        }
        await Set(path, fits);
        return fits;
    }

    private async Task Set(string path, int length) =>
        await Mount.Files.SetExtendedAttributeAsync(await Mount.InodeOf(path), Name, new byte[length], ExtendedAttributeMode.CreateOrReplace, default);
}
