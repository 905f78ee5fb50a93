using System.Diagnostics;
using SseCFs.Content;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

public sealed class SpillFiles : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ssecfs-test-").FullName;
    private readonly SpillFile _spill;

    public SpillFiles() => _spill = new SpillFile(_directory);

    [Fact]
    public async Task What_was_spilled_comes_back()
    {
        var places = new List<SpillPlace>();
        int[] sizes = [0, 1, 5000, Block.Size];
        foreach (var size in sizes)
        {
            places.Add(await _spill.WriteAsync(Mount.Content(size, size + 1), default));
        }
        for (var i = 0; i < sizes.Length; i++)
        {
            Assert.Equal(Mount.Content(sizes[i], sizes[i] + 1), await Read(places[i]));
        }
    }

    [Fact]
    public async Task Nothing_readable_is_on_disk_and_no_name_is_left()
    {
        var plain = Enumerable.Repeat("a secret that must not be seen. "u8.ToArray(), 1000).SelectMany(b => b).ToArray();
        await _spill.WriteAsync(plain, default);
        Assert.Empty(Directory.GetFileSystemEntries(_directory));
        var raw = await OnDisk();
        Assert.True(raw.Length >= plain.Length);
        Assert.Equal(-1, raw.AsSpan().IndexOf("secret"u8));
    }

    [Fact]
    public async Task What_was_changed_on_disk_is_refused()
    {
        var place = await _spill.WriteAsync(Mount.Content(5000), default);
        var old = (await OnDisk())[100];
        await Shell($"printf '\\{Convert.ToString(old ^ 1, 8)}' | dd of={OpenFile()} bs=1 seek=100 conv=notrunc status=none");
        await Fails.With(FsError.InputOutput, () => Read(place));
    }

    [Fact]
    public async Task Freed_room_is_used_again_and_given_back_at_the_end()
    {
        var first = await _spill.WriteAsync(Mount.Content(5000), default);
        var second = await _spill.WriteAsync(Mount.Content(5000, 2), default);
        _spill.Free(first);
        var third = await _spill.WriteAsync(Mount.Content(5000, 3), default);
        Assert.Equal(first.Slot, third.Slot);
        Assert.Equal(Mount.Content(5000, 3), await Read(third));
        // The place that was freed is no way to what stands there now.
        await Fails.With(FsError.InputOutput, () => Read(first));
        Assert.Equal(Mount.Content(5000, 2), await Read(second));
        _spill.Free(second);
        _spill.Free(third);
        Assert.Empty(await OnDisk());
        Assert.Equal(Mount.Content(10), await Read(await _spill.WriteAsync(Mount.Content(10), default)));
    }

    [Fact]
    public async Task No_room_is_said_so()
    {
        using var nowhere = new SpillFile("/proc/nowhere");
        await Fails.With(FsError.NoSpace, async () => await nowhere.WriteAsync(new byte[1], default));
    }

    public void Dispose()
    {
        _spill.Dispose();
        Directory.Delete(_directory, true);
    }

    private async Task<byte[]> Read(SpillPlace place)
    {
        var plain = new byte[place.Length];
        await _spill.ReadAsync(place, plain, default);
        return plain;
    }

    private async Task<byte[]> OnDisk() => await Shell($"cat {OpenFile()}");

    /// <summary>Another process: in this one, .NET's own lock keeps the file from being opened twice.</summary>
    private static async Task<byte[]> Shell(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
        using var output = new MemoryStream();
        await shell.StandardOutput.BaseStream.CopyToAsync(output);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
        return output.ToArray();
    }

    /// <summary>The unlinked file, by the descriptor that this process has on it.</summary>
    private string OpenFile() => Directory.GetFileSystemEntries($"/proc/{Environment.ProcessId}/fd")
        .First(descriptor => new FileInfo(descriptor).LinkTarget is { } target && target.StartsWith(_directory, StringComparison.Ordinal));
}
