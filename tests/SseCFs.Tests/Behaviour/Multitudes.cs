using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Very many of one thing.</summary>
public sealed class Multitudes : MountTest
{
    [Fact]
    public async Task A_directory_of_a_hundred_thousand_entries_is_listed_and_found_in()
    {
        const int Count = 100_000;
        for (var i = 0; i < Count; i++)
        {
            Store.PutForeign($"d/{i:D6}", []);
        }
        Store.Requests.Clear();
        var names = await Mount.List("d");
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i:D6}"), names);
        Assert.InRange(Store.Requests.Count(RequestKind.List), 0, Count / 1000 + 1);
        Assert.True(await Mount.Exists("d/099999"));
        Assert.False(await Mount.Exists("d/100000"));
        await Mount.Unlink("d/050000");
        await Mount.Write("d/new", [1]);
        Mount.Pass();
        Assert.Equal(Count, (await Mount.List("d")).Count);
    }

    [Fact]
    public async Task A_directory_of_more_than_two_million_entries_is_an_error()
    {
        const int Page = 300_000;
        var pages = 0;
        Faults.ListInstead = prefix =>
        {
            // One name many times, as the limit is there to keep memory.
            var listed = new ListedObject($"{prefix}{pages++:D3}", 0, "1", default);
            var page = new ListedObject[Page];
            Array.Fill(page, listed);
            return new ListPage(page, [], pages < 20 ? listed.Key : null);
        };
        await Fails.With(FsError.BadReply, () => Mount.List());
        Assert.Equal(2_000_000 / Page + 1, pages);
    }

    [Fact]
    public async Task Ten_thousand_handles_are_open_at_once()
    {
        const int Count = 10_000;
        var handles = new List<ulong>();
        for (var i = 0; i < Count; i++)
        {
            var path = $"{i / 10}";
            var handle = i % 10 == 0 ? await Mount.Create(path) : await Mount.Open(path, OpenFlags.Read | OpenFlags.Write);
            await Mount.WriteAt(handle, i % 10 * 100, Mount.Content(100, i));
            handles.Add(handle);
        }
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(Mount.Content(100, i), await Mount.ReadAt(handles[i], i % 10 * 100, 100));
        }
        foreach (var handle in handles)
        {
            await Mount.Close(handle);
        }
        Assert.Equal(Count / 10, Store.Keys.Count);
        Assert.All(Store.Keys, key => Assert.Equal(1000, Store[key].Data.Length));
    }
}
