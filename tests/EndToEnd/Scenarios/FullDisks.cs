using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The disk for what finds no room in memory is full: the program that needs it is told, and nothing else is disturbed.</summary>
public sealed class FullDisks(Target target) : Scenario(target)
{
    private const long Budget = 64L << 20;

    // The runtime, its stacks and the transfer buffers of HTTP and TLS come on top of caches and staged data.
    private const long Overhead = 160L << 20;

    private SmallDisk? _disk;

    // Of the memory 24 MiB are for what is staged.
    protected override string[] Options => ["--memory", "64M", "--spill-dir", _disk!.Root];

    public override async ValueTask InitializeAsync()
    {
        _disk = await SmallDisk.MountAsync(Target, mebibytes: 16);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_disk is not null) await _disk.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A file is written in random order until there is no room, and further, as programs do that do not look at what write returns.</summary>
    [Fact]
    public async Task TheWriterIsToldAndNothingElseIsDisturbed()
    {
        await RunAsync("noise 8000000 1 >stored; mkdir d; noise 1000 2 >d/f");
        await RunAsync("""python3 "$PROGRAMS/full_disk.py" full""");
        Assert.InRange(Mount.Process.ResidentBytes(), 0, Budget + Overhead);
        await ThenAsync("""
            cmp stored <(noise 8000000 1); cmp moved <(noise 1000 2); is "$(ls d | wc -l)" 20
            for name in big kept log again; do cmp $name "$SCRATCH/$name"; done
            for i in $(seq 20); do cmp d/$i <(noise 100000 $i); done
            """);
    }

    [Fact]
    public async Task WritingGoesOnWhenTheDiskHasRoomAgain()
    {
        await _disk!.FillAsync();
        var writing = RunAsync("""python3 "$PROGRAMS/full_disk.py" room-again""");
        while (!writing.IsCompleted && !File.Exists(Path.Combine(Mount.Scratch, "is-full"))) await Task.Delay(20, TestContext.Current.CancellationToken);
        _disk.Clear();
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "has-room"), "", TestContext.Current.CancellationToken);
        await writing;
        await ThenAsync("""cmp big "$SCRATCH/big" """);
    }
}
