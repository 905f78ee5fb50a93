using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>Files that stay open for as long as a program runs.</summary>
public sealed class OpenLogs : MountTest
{
    [Fact]
    public async Task What_is_appended_is_stored_although_the_file_stays_open()
    {
        var handle = await Mount.Create("log", OpenFlags.Write);
        for (byte i = 0; i < 3; i++)
        {
            await Mount.WriteAt(handle, 0, [i, i], append: true);
            Mount.Pass(20);
            await Task.Delay(50);
            Assert.Equal(2 * i, Store.Keys.Contains("log") ? Store["log"].Data.Length : 0);
            await Mount.WriteAt(handle, 0, [], append: true);
            await Stored("log", 2 * i + 2);
        }
        await Mount.WriteAt(handle, 0, [9], append: true);
        await Mount.Close(handle);
        Assert.Equal([0, 0, 1, 1, 2, 2, 9], Store["log"].Data);
    }

    [Fact]
    public async Task What_is_written_otherwise_waits_for_its_close()
    {
        await Mount.Write("a", [1]);
        var handle = await Mount.Create("a", OpenFlags.Write | OpenFlags.Truncate);
        await Mount.WriteAt(handle, 0, [2]);
        await Mount.WriteAt(handle, 1, [3], append: true);
        for (var i = 0; i < 20; i++)
        {
            Mount.Pass(10);
            await Task.Delay(5);
        }
        Assert.Equal([1], Store["a"].Data);
        await Mount.Close(handle);
        Assert.Equal([2, 3], Store["a"].Data);
    }

    [Fact]
    public async Task To_append_to_a_large_file_again_and_again_sends_little()
    {
        const int Size = 40 << 20;
        await Mount.Write("log", Mount.Content(Size));
        await Mount.Remount();
        var handle = await Mount.Open("log", OpenFlags.Write);
        for (var i = 0; i < 3; i++)
        {
            Store.Requests.Clear();
            await Mount.WriteAt(handle, 0, Mount.Content(100), append: true);
            await Stored("log", Size + 100 * (i + 1));
            Assert.Equal(0, Store.Requests.Count(RequestKind.Put) + Store.Requests.Count(RequestKind.Get));
            Assert.InRange(Store.Requests.Count(RequestKind.UploadPart), 0, 1);
            Assert.True(Store.Requests.Count(RequestKind.CopyPart) > 0);
        }
        await Mount.Close(handle);
    }

    private async Task Stored(string key, int size)
    {
        for (var i = 0; i < 500 && !(Store.Keys.Contains(key) && Store[key].Data.Length == size); i++)
        {
            Mount.Pass(1);
            await Task.Delay(10);
        }
        Assert.Equal(size, Store[key].Data.Length);
    }
}
