using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>copy_file_range(2), as cp uses it.</summary>
public sealed class Copies : MountTest
{
    private static readonly byte[] Data = Mount.Content(6 << 20);

    [Fact]
    public async Task A_stored_file_is_copied_by_the_service()
    {
        await Mount.Write("a", Data);
        await Mount.Remount();
        Store.Requests.Clear();
        Assert.Equal(Data.Length, await CopyAsync("a", "b"));
        Assert.Equal(Data, Store["b"].Data);
        Assert.Equal((0, 1), (Store.Requests.Count(RequestKind.Get), Store.Requests.Count(RequestKind.Copy)));
        Assert.Equal(0x1A4u, (await Mount.Stat("b")).Mode & 0xFFF);
        Assert.Equal(Data, await Mount.Read("b"));
        await Mount.Remount();
        Assert.Equal(Data, await Mount.Read("b"));
    }

    [Fact]
    public async Task It_fills_a_name_that_was_claimed()
    {
        await Mount.Write("a", Data);
        var (source, target) = (await Mount.Open("a"), await Mount.Create("b", OpenFlags.Write | OpenFlags.Exclusive));
        Assert.Equal(Data.Length, await Mount.Files.CopyRangeAsync(source, 0, target, 0, Data.Length, default));
        await Mount.Close(source);
        await Mount.Close(target);
        Assert.Equal(Data, Store["b"].Data);
    }

    [Fact]
    public async Task It_replaces_what_was_there_and_nobody_elses_change()
    {
        await Mount.Write("a", Data);
        await Mount.Write("b", [1, 2, 3]);
        Assert.Equal(Data.Length, await CopyAsync("a", "b"));
        Assert.Equal(Data, Store["b"].Data);

        Faults.Before(RequestKind.Copy, "b", _ =>
        {
            Store.PutForeign("b", [7]);
            return Task.CompletedTask;
        });
        await Fails.With(FsError.NotSupported, () => CopyAsync("a", "b"));
        Assert.Equal([7], Store["b"].Data);
    }

    [Fact]
    public async Task What_the_service_cannot_copy_is_read_and_written_instead()
    {
        await Mount.Write("small", [1]);
        await Mount.Write("a", Data);
        await Fails.With(FsError.NotSupported, () => CopyAsync("small", "b"));
        await Fails.With(FsError.NotSupported, () => CopyAsync("a", "c", length: 100));
        var writer = await Mount.Open("a", OpenFlags.Write);
        await Mount.WriteAt(writer, 0, [9]);
        await Fails.With(FsError.NotSupported, () => CopyAsync("a", "d"));
        await Mount.Close(writer);
        Assert.Equal(Data.Length, await CopyAsync("a", "d"));
        Assert.Equal(9, Store["d"].Data[0]);
    }

    [Fact]
    public async Task A_failure_is_told_and_the_target_stays_empty()
    {
        await Mount.Write("a", Data);
        Faults.Fail(RequestKind.Copy, "b");
        await Fails.With(FsError.Unavailable, () => CopyAsync("a", "b"));
        Assert.Empty(await Mount.Read("b"));
    }

    private async Task<long> CopyAsync(string from, string to, long length = 1L << 31)
    {
        var source = await Mount.Open(from);
        var target = await Mount.Create(to, OpenFlags.Write | OpenFlags.Truncate);
        try
        {
            return await Mount.Files.CopyRangeAsync(source, 0, target, 0, length, default);
        }
        finally
        {
            await Mount.Close(source);
            await Mount.Files.ReleaseAsync(target);
        }
    }
}
