using SseCFs.Tests.Support;

namespace SseCFs.Tests.Tree;

/// <summary>Attributes are asked for ahead of a program that goes through them, and of no other.</summary>
public sealed class LookingAhead : MountTest
{
    private static readonly Caller Kernel = new(1000, 1000, 7) { KeepsEntries = true };
    private readonly SemaphoreSlim _answers = new(0);
    private readonly List<string> _order = [];
    private ulong _directory;
    private int _now;
    private int _most;

    [Fact]
    public async Task Thirty_two_at_a_time_are_on_their_way_and_each_is_asked_for_once()
    {
        await Given(500);
        HoldHeads();
        _answers.Release(500);
        foreach (var name in _order)
        {
            await LookUp(name);
        }
        Assert.InRange(_most, 2, 32);
        Assert.Equal(500, AttributeRequests);
        Assert.Equal(500, Store.Requests.Total);
    }

    [Fact]
    public async Task The_second_name_starts_it()
    {
        await Given(500);
        await LookUp(_order[0]);
        HoldHeads();
        var second = LookUp(_order[1]);
        await Until(() => _now == 32);
        Assert.False(second.IsCompleted);
        _answers.Release(500);
        await second;
        await Ended();
        // Its own among them; nothing more is asked for where nobody goes on.
        Assert.InRange(AttributeRequests, 2 + 31, 2 + 32);
    }

    [Fact]
    public async Task Saves_bring_nothing_else()
    {
        await Given(500);
        foreach (var name in _order.Take(5))
        {
            Mount.Pass(0.01);
            Store.Requests.Clear();
            await Fails.With(FsError.NotFound, () => LookUp("tmp"));
            var handle = (await Mount.Files.CreateAsync(_directory, Mount.Bytes("tmp"), 0x1A4, OpenFlags.Write, Kernel, default)).File.Handle;
            await Mount.WriteAt(handle, 0, [2]);
            await Mount.Close(handle);
            await LookUp(name);
            await LookUp("tmp");
            await Mount.Files.RenameAsync(_directory, Mount.Bytes("tmp"), _directory, Mount.Bytes(name), RenameFlags.None, default);
            Assert.Equal($"List d/tmp, Put d/tmp, Get d/{name}, Put d/{name}, Delete d/tmp", Store.Requests.ToString());
        }
    }

    [Fact]
    public async Task One_name_brings_nothing_else()
    {
        await Given(500);
        for (var i = 0; i < 6; i++)
        {
            Mount.Pass(0.05);
            await LookUp(_order[7]);
        }
        await Ended();
        Assert.Equal(["d/" + _order[7]], Store.Requests.Keys(RequestKind.Get).Concat(Store.Requests.Keys(RequestKind.Head)).Distinct());
    }

    [Fact]
    public async Task A_program_that_opens_what_it_looks_up_brings_nothing_else()
    {
        await Given(100);
        foreach (var name in _order.Take(20))
        {
            Assert.Equal([1], await Mount.Read("d/" + name));
        }
        await Ended();
        Assert.Equal(string.Join(", ", _order.Take(20).Select(name => $"Get d/{name}")), Store.Requests.ToString());
    }

    [Fact]
    public async Task One_that_takes_its_time_brings_nothing_else()
    {
        await Given(100);
        foreach (var name in _order.Take(10))
        {
            Mount.Pass(0.5);
            await LookUp(name);
        }
        await Ended();
        Assert.Equal(10, AttributeRequests);
    }

    [Fact]
    public async Task What_is_asked_for_in_vain_is_bounded()
    {
        await Given(5000);
        // Ten names, far from each other.
        for (var i = 0; i < 10; i++)
        {
            await LookUp(_order[i * 487]);
        }
        await Ended();
        Assert.InRange(AttributeRequests, 10, 10 + 9 * 32);
    }

    [Fact]
    public async Task Any_order_will_do()
    {
        await Given(400);
        var random = new System.Random(1);
        var names = _order.ToArray();
#pragma warning disable CA5394 // test data
        random.Shuffle(names);
#pragma warning restore CA5394
        foreach (var name in names)
        {
            await LookUp(name);
        }
        await Ended();
        Assert.Equal(400, AttributeRequests);
    }

    [Fact]
    public async Task A_name_that_went_away_is_missed_by_its_look_up_alone()
    {
        await Given(100);
        Store.DeleteForeign("d/" + _order[20]);
        for (var i = 0; i < 100; i++)
        {
            if (i == 20)
            {
                await Fails.With(FsError.NotFound, () => LookUp(_order[20]));
            }
            else
            {
                await LookUp(_order[i]);
            }
        }
    }

    [Fact]
    public async Task A_failure_is_told_to_who_looks_that_name_up()
    {
        await Given(100);
        var failing = "d/" + _order[20];
        Faults.Fail(RequestKind.Head, failing);
        for (var i = 0; i < 20; i++)
        {
            await LookUp(_order[i]);
        }
        await Until(() => !Faults.IsWaiting(RequestKind.Head, failing));
        Faults.Fail(RequestKind.Head, failing);
        await Fails.With(FsError.Unavailable, () => LookUp(_order[20]));
        await LookUp(_order[20]);
        await LookUp(_order[21]);
    }

    [Fact]
    public async Task The_end_of_the_mount_does_not_wait_for_what_is_on_its_way()
    {
        await Given(500);
        await LookUp(_order[0]);
        HoldHeads();
        var second = LookUp(_order[1]);
        await Until(() => _now == 32);
        await Mount.Remount().WaitAsync(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task Names_that_are_old_are_brought_up_to_date_by_a_listing()
    {
        await Given(500);
        await Mount.List("d", withAttributes: true);
        Mount.Pass();
        await Mount.InodeOf("d");
        Store.Requests.Clear();
        foreach (var name in _order)
        {
            await LookUp(name);
        }
        Assert.Equal($"Head d/{_order[0]}, Head d/{_order[1]}, List d/", Store.Requests.ToString());
    }

    [Fact]
    public async Task Names_that_are_not_known_yet_come_by_a_listing_too()
    {
        Fill(300);
        _directory = await Mount.InodeOf("d");
        Store.Requests.Clear();
        for (var i = 0; i < 300; i++)
        {
            await LookUp($"{i:D5}");
        }
        await Fails.With(FsError.NotFound, () => LookUp("none"));
        await Ended();
        // Two names by themselves, the others by the listing.
        Assert.Equal(3, Store.Requests.Count(RequestKind.List));
        Assert.Equal(300, AttributeRequests);
    }

    [Fact]
    public async Task A_directory_of_many_pages_is_not_listed_for_look_ups()
    {
        Fill(12_000);
        _directory = await Mount.InodeOf("d");
        await Mount.List("d", withAttributes: false);
        Mount.Pass();
        Store.Requests.Clear();
        for (var i = 0; i < 600; i++)
        {
            await LookUp($"{i:D5}");
        }
        await Ended();
        Assert.Equal(0, Store.Requests.Count(RequestKind.List));
        Assert.InRange(AttributeRequests, 600, 600 + 512);
    }

    private int AttributeRequests => Store.Requests.Count(RequestKind.Head) + Store.Requests.Count(RequestKind.Get);

    private void Fill(int entries)
    {
        for (var i = 0; i < entries; i++)
        {
            Store.PutForeign($"d/{i:D5}", [1]);
        }
    }

    /// <summary>A directory that was listed, and of whose files nothing else is known.</summary>
    private async Task Given(int entries)
    {
        Fill(entries);
        _directory = await Mount.InodeOf("d");
        _order.AddRange((await Listing.ReadAsync(Mount.Files, _directory)).Where(name => name is not ("." or "..")));
        Store.Requests.Clear();
    }

    /// <summary>Each HEAD waits until the test gives an answer.</summary>
    private void HoldHeads() => Faults.Before(RequestKind.Head, null, async token =>
    {
        lock (_order)
        {
            _most = Math.Max(_most, ++_now);
        }
        try
        {
            await _answers.WaitAsync(token);
            await Task.Delay(2, token);
        }
        finally
        {
            lock (_order)
            {
                _now--;
            }
        }
    }, times: int.MaxValue);

    private async Task LookUp(string name) => await Mount.Files.LookupAsync(_directory, Mount.Bytes(name), Kernel, default);

    private static async Task Until(Func<bool> isSo)
    {
        for (var i = 0; i < 1500 && !isSo(); i++)
        {
            await Task.Delay(20);
        }
        Assert.True(isSo());
    }

    /// <summary>Returns when nothing more is asked for, and the mount has begun anew.</summary>
    private async Task Ended()
    {
        for (var seen = -1; seen != Store.Requests.Total;)
        {
            seen = Store.Requests.Total;
            await Task.Delay(100);
        }
        await Mount.Remount();
    }
}
