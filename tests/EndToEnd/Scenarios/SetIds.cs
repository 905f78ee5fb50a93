using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Set-user-id and set-group-id bits: who changes a file takes them away as on a local disk, and who makes one gives them.</summary>
public sealed class SetIds(Target target) : Scenario(target)
{
    private const string AsOrdinaryUser = """
        ordinary() { if [ $(id -u) = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
        chmod 777 .

        """;

    /// <summary>As root, other users must be let in.</summary>
    protected override string[] Options => Environment.IsPrivilegedProcess ? ["--allow-other"] : [];

    /// <summary>Everything that changes a file, by its owner, its group, strangers and root.</summary>
    [Fact]
    public async Task GoAsOnALocalDisk() => await RunAsync("mkdir here \"$SCRATCH/there\"; python3 \"$PROGRAMS/set_ids.py\" here \"$SCRATCH/there\"");

    [Theory]
    [InlineData("O_CREAT")]
    [InlineData("O_CREAT|os.O_TRUNC")]
    [InlineData("O_CREAT|os.O_EXCL")]
    [InlineData("O_CREAT|os.O_EXCL|os.O_TRUNC")]
    public async Task ComeWithANewFile(string flags)
    {
        await RunAsync(AsOrdinaryUser + $$"""
            for written in '' x; do
                ordinary python3 -c "import os; os.umask(0); f = os.open('f$written', os.O_WRONLY|os.{{flags}}, 0o6755); os.write(f, b'$written')"
            done
            """);
        await ThenAsync("""is "$(stat -c %a f fx)" $'6755\n755'""");
    }

    /// <summary>Where the service copies the content, nothing is written here.</summary>
    [Fact]
    public async Task GoWithACopyByTheService()
    {
        await GivenAsync(earlier: true, "noise 5000000 1 >source; : >f");
        await RunAsync(AsOrdinaryUser + """
            chmod 6777 f
            ordinary python3 - <<'P'
            import os
            source, f = os.open("source", os.O_RDONLY), os.open("f", os.O_WRONLY)
            assert os.copy_file_range(source, f, 5000000) == 5000000
            P
            """);
        await ThenAsync("""is "$(stat -c %a f)" 777; cmp f source""");
    }
}
