using SseCFs.Tests.Behaviour;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Tree;

/// <summary>Names that the kernel keeps although no program uses them: it is asked to forget them.</summary>
public sealed class ForgottenNames : MountTest
{
    private const int Kept = 100;

    private readonly OtherWriters.Sink _kernel = new();

    public ForgottenNames()
    {
        Mount = new Mount(Faults, Clock, new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, MostNames = Kept });
        Mount.Files.Invalidation = _kernel;
        for (var i = 0; i < 10 * 40; i++)
        {
            Store.PutForeign($"{i / 40}/{i % 40:D3}", [1]);
        }
    }

    [Fact]
    public async Task The_kernel_is_asked_to_forget_those_used_longest_ago()
    {
        var first = await LookAtAll(0);
        await LookAtAll(1);
        Assert.Empty(_kernel.Entries);
        await LookAtAll(2);
        Assert.InRange(_kernel.Entries.Count, 40, 60);
        Assert.Equal(40, _kernel.Entries.Distinct().Count(entry => entry.Parent == first.Directory));
        // None goes before the kernel says so.
        var names = Mount.Files.NamesInMemory;
        Assert.InRange(names, 3 * 40, int.MaxValue);
        foreach (var inode in first.Files)
        {
            Mount.Files.Forget(inode, 1);
        }
        Assert.Equal(names - 40, Mount.Files.NamesInMemory);
        Assert.Equal([1], await Mount.Read("0/000"));
    }

    [Fact]
    public async Task It_is_not_asked_for_what_is_open()
    {
        var handle = await Mount.Open("0/000");
        for (var i = 0; i < 10; i++)
        {
            await LookAtAll(i);
        }
        Assert.NotEmpty(_kernel.Entries);
        var directory = await Mount.InodeOf("0");
        Assert.DoesNotContain(_kernel.Entries, entry => entry == (directory, "000"));
        await Mount.Close(handle);
    }

    private async Task<(ulong Directory, List<ulong> Files)> LookAtAll(int directory)
    {
        var inodes = new List<ulong>();
        foreach (var name in await Mount.List($"{directory}"))
        {
            inodes.Add(await Mount.InodeOf($"{directory}/{name}"));
        }
        return (await Mount.InodeOf($"{directory}"), inodes);
    }
}
