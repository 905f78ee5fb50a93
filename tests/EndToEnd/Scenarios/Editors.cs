using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Documents edited in editors.</summary>
public sealed class Editors(Target target) : Scenario(target)
{
    [Theory]
    [InlineData("yes", false)]
    [InlineData("yes", true)]
    [InlineData("no", false)]
    [InlineData("no", true)]
    public async Task VimSaves(string backupCopy, bool earlier)
    {
        await GivenAsync(earlier, "seq 1000 >document; chmod 640 document");
        // backupcopy=yes copies to the backup and writes in place; =no renames the file away and writes a new one.
        await RunAsync($"""
            for i in 1 2 3; do
                vim -u NONE -es -c 'set backup writebackup fsync swapfile backupskip= backupdir=. backupcopy={backupCopy}' -c "1s/.*/save $i/" -c wq document
            done
            """);
        await ThenAsync("""
            diff document <(echo 'save 3'; seq 2 1000)
            diff document~ <(echo 'save 2'; seq 2 1000)
            is "$(stat -c %a document)" 640
            is "$(ls -A)" $'document\ndocument~'
            """);
        await SealedAsync("document");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task NanoSaves(bool earlier)
    {
        await GivenAsync(earlier, "printf 'one\\ntwo\\n' >notes.txt");
        // nano needs a terminal: tmux gives it one, and types.
        await RunAsync("""
            # tmux runs the command in the user's shell, which for nobody is nologin.
            export SHELL=/bin/bash
            socket=$SCRATCH/tmux
            trap 'tmux -S "$socket" kill-server 2>/dev/null || true' EXIT
            tmux -S "$socket" -f /dev/null new-session -d -x 80 -y 24 "nano --ignorercfiles --backup notes.txt"
            shows() { for _ in $(seq 100); do tmux -S "$socket" capture-pane -p | grep -q "$1" && return; sleep 0.1; done; tmux -S "$socket" capture-pane -p; return 1; }
            shows two
            tmux -S "$socket" send-keys 'typed in nano' Enter
            tmux -S "$socket" send-keys C-o Enter
            shows 'Wrote 3 lines'
            tmux -S "$socket" send-keys C-x
            for _ in $(seq 100); do tmux -S "$socket" has-session 2>/dev/null || exit 0; sleep 0.1; done
            exit 1
            """);
        await ThenAsync("""
            is "$(cat notes.txt)" $'typed in nano\none\ntwo'
            is "$(cat notes.txt~)" $'one\ntwo'
            """);
        await SealedAsync("notes.txt");
    }

    /// <summary>What office programs do: a temporary file, fsync, rename over the document; many times.</summary>
    [Theory, MemberData(nameof(Moments))]
    public async Task ManyAtomicSaves(bool earlier)
    {
        await GivenAsync(earlier, "echo 0 >document");
        await RunAsync("""
            python3 - <<'P'
            import os
            for i in range(1, 21):
                with open(".document.tmp", "w") as f:
                    f.write("version %d\n" % i * 1000)
                    f.flush()
                    os.fsync(f.fileno())
                os.rename(".document.tmp", "document")
                assert open("document").read() == "version %d\n" % i * 1000
            P
            """);
        await ThenAsync("""is "$(uniq -c document)" '   1000 version 20'; is "$(ls -A)" document""");
        await SealedAsync("document");
    }

    /// <summary>sed -i, as the shell's editor.</summary>
    [Theory, MemberData(nameof(Moments))]
    public async Task SedInPlace(bool earlier)
    {
        await GivenAsync(earlier, "seq 10 >f; chmod 600 f");
        await RunAsync("sed -i.orig 's/3/three/' f");
        await ThenAsync("""is "$(sed -n 3p f f.orig)" three; is "$(sed -n 3p f.orig)" 3; is "$(stat -c %a f)" 600""");
        await SealedAsync("f", "f.orig");
    }
}
