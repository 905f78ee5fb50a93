using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Large directories, read while they change, and the file system's own numbers.</summary>
public sealed class Directories(Target target) : Scenario(target)
{
    /// <summary>A real service takes a moment for every file.</summary>
    private static readonly int Count = Fast ? 1500 : 3000;

    [Theory, MemberData(nameof(Moments))]
    public async Task ReadWhileItChanges(bool earlier)
    {
        await GivenAsync(earlier, $"mkdir d; python3 -c 'for i in range({Count}): open(\"d/entry-%04d\" % i, \"w\").close()'");
        await RunAsync($"python3 \"$PROGRAMS/changing_directory.py\" d {Count}");
        await ThenAsync($"""is "$(ls d | wc -l)" {Count}; is "$(ls d | grep -c ^new-)" {Count / 30}""");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task TelldirAndSeekdir(bool earlier)
    {
        await GivenAsync(earlier, "mkdir d; python3 -c 'for i in range(700): open(\"d/entry-%04d\" % i, \"w\").close()'");
        await ThenAsync("python3 \"$PROGRAMS/seekdir.py\" d 700");
    }

    /// <summary>Whoever asks for one after the other is asked ahead of: in the order of the listing, against it, and in none.</summary>
    [Theory, MemberData(nameof(Moments))]
    public async Task ManyFilesShowTheirAttributesAfterAListing(bool earlier)
    {
        await GivenAsync(earlier, """
            mkdir d
            python3 - <<'P'
            import os
            for i in range(400):
                with open(f"d/{i:03}", "w") as file:
                    file.write("x" * (i % 7))
                    os.fchmod(file.fileno(), 0o600 + i % 64)
                if i % 50 == 0:
                    os.symlink(f"{i:03}", f"d/l{i:03}")
                    os.mkdir(f"d/d{i:03}")
            P
            """);
        await ThenAsync("""
            python3 - <<'P'
            import os, random, stat
            names = os.listdir("d")
            assert len(names) == 416, len(names)
            for order in (names, names[::-1], random.sample(names, len(names))):
                for name in order:
                    found = os.lstat("d/" + name)
                    if name[0] in "ld":
                        assert (stat.S_ISLNK if name[0] == "l" else stat.S_ISDIR)(found.st_mode), name
                    else:
                        assert (found.st_size, stat.S_IMODE(found.st_mode)) == (int(name) % 7, 0o600 + int(name) % 64), (name, found)
            P
            """);
    }

    [Fact]
    public async Task StatfsHasRoom() => await RunAsync("""
        df -P . | tail -n 1
        [ "$(stat -f -c %a .)" -gt 1000000 ]
        [ "$(stat -f -c %d .)" -gt 1000000 ]
        is "$(stat -f -c %l .)" 255
        """);

    [Theory, MemberData(nameof(Moments))]
    public async Task InodeNumbersTellFilesApart(bool earlier)
    {
        await GivenAsync(earlier, "mkdir d; touch a b d/a");
        await RunAsync("""
            is "$(stat -c %i a b d d/a . | sort -u | wc -l)" 5
            is "$(stat -c %i a)" "$(ls -i a | cut -d' ' -f1)"
            is "$(stat -c %d a)" "$(stat -c %d d)"
            """);
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task LinkCountsAndDotEntries(bool earlier)
    {
        await GivenAsync(earlier, "mkdir -p d/e; touch d/f");
        await ThenAsync("""
            is "$(ls -a d)" $'.\n..\ne\nf'
            is "$(stat -c %i d/.)" "$(stat -c %i d)"
            is "$(stat -c %i d/e/..)" "$(stat -c %i d)"
            is "$(find . -type d | sort)" $'.\n./d\n./d/e'
            """);
    }
}
