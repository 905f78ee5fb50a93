using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>More names than are kept in memory.</summary>
public sealed class ManyNames : MountTest
{
    private const int Kept = 100;

    public ManyNames() => Mount = new Mount(
        Faults, Clock, new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, MostNames = Kept });

    [Fact]
    public async Task What_was_listed_does_not_stay_in_memory()
    {
        Given(directories: 20, files: 40);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(40, (await Mount.List($"{i:D2}")).Count);
            Assert.InRange(Mount.Files.NamesInMemory, 0, Kept + 20);
        }
    }

    [PosixFact]
    public async Task A_directory_of_more_names_is_listed_whole_and_worked_in()
    {
        Given(directories: 1, files: 5 * Kept);
        foreach (var withAttributes in new[] { false, true, false })
        {
            Assert.Equal(Enumerable.Range(0, 5 * Kept).Select(i => $"{i:D3}"), await Mount.List("00", withAttributes));
            Mount.KernelForgets();
        }
        for (var i = 0; i < 5 * Kept; i += 7)
        {
            Assert.Equal([1], await Mount.Read($"00/{i:D3}"));
            Mount.KernelForgets();
        }
        await Mount.Unlink("00/123");
        await Mount.Write("00/new", [2]);
        Assert.False(await Mount.Exists("00/123"));
        Assert.Equal(5 * Kept, (await Mount.List("00")).Count);
        Mount.KernelForgets();
        await Mount.List("00");
        Assert.InRange(Mount.Files.NamesInMemory, 0, Kept);
    }

    [Fact]
    public async Task What_is_open_or_not_stored_yet_stays()
    {
        Given(directories: 20, files: 40);
        var reader = await Mount.Open("00/000");
        var writer = await Mount.Open("00/001", OpenFlags.Read | OpenFlags.Write);
        await Mount.WriteAt(writer, 0, [9, 9]);
        await Mount.Change("00/002", new AttributeChange { ModifyTime = new Timestamp(5, 0) });
        Mount.KernelForgets();
        for (var i = 0; i < 20; i++)
        {
            await Mount.List($"{i:D2}");
        }
        Mount.Pass(0.1);
        Assert.Equal([1], await Mount.ReadAt(reader, 0, 10));
        Assert.Equal([9, 9], await Mount.Read("00/001"));
        Assert.Equal(new Timestamp(5, 0), (await Mount.Stat("00/002")).ModifyTime);
        await Mount.Close(writer);
        await Mount.Close(reader);
        Assert.Equal([9, 9], Store["00/001"].Data);
    }

    [Fact]
    public async Task What_another_machine_stores_later_is_found()
    {
        Given(directories: 20, files: 40);
        await Mount.Read("00/000");
        Mount.KernelForgets();
        for (var i = 1; i < 20; i++)
        {
            await Mount.List($"{i:D2}");
        }
        Store.PutForeign("00/000", [2, 2]);
        Store.PutForeign("00/new", [3]);
        Store.DeleteForeign("00/001");
        Assert.Equal([2, 2], await Mount.Read("00/000"));
        Assert.Equal([3], await Mount.Read("00/new"));
        Assert.False(await Mount.Exists("00/001"));
    }

    private void Given(int directories, int files)
    {
        for (var i = 0; i < directories * files; i++)
        {
            Store.PutForeign($"{i / files:D2}/{i % files:D3}", [1]);
        }
    }
}
