using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Locks between programs on this machine.</summary>
public sealed class Locks(Target target) : Scenario(target)
{
    [Theory]
    [InlineData("fcntl", false)]
    [InlineData("fcntl", true)]
    [InlineData("flock", false)]
    [InlineData("flock", true)]
    public async Task OneWaitsForTheOther(string kind, bool earlier)
    {
        await GivenAsync(earlier, "echo 0 >counter");
        await RunAsync($"for i in 1 2 3 4; do python3 \"$PROGRAMS/locked_counter.py\" {kind} counter 25 & done; wait");
        await ThenAsync("""is "$(cat counter)" 100""");
        await SealedAsync("counter");
    }

    [Fact]
    public async Task RangesAreLockedApartAndTestable() => await RunAsync("""
        echo 0123456789 >f
        python3 - <<'P'
        import errno, fcntl, os, subprocess, sys
        f = open("f", "r+b")
        fcntl.lockf(f, fcntl.LOCK_EX, 5, 0)
        other = "import fcntl,sys\nf=open('f','r+b')\ntry:\n fcntl.lockf(f, fcntl.LOCK_EX|fcntl.LOCK_NB, 5, %d)\nexcept OSError: sys.exit(9)"
        assert subprocess.call([sys.executable, "-c", other % 0]) == 9
        assert subprocess.call([sys.executable, "-c", other % 5]) == 0
        fcntl.lockf(f, fcntl.LOCK_UN, 5, 0)
        assert subprocess.call([sys.executable, "-c", other % 0]) == 0
        P
        exec 3<f; flock -n 3
        refused '' flock -n f true
        """);

    [Fact]
    public async Task AKilledHolderLetsGo() => await RunAsync("""
        touch f
        flock f sleep 60 & holder=$!
        while flock -n f true; do sleep 0.05; done
        pkill -9 -P $holder; kill -9 $holder || true
        flock -w 10 f true
        """);
}
