using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Two machines have mounted the same files.</summary>
public sealed class TwoMounts(Target target) : Scenario(target)
{
    private Mount? _other;

    private Mount Other => _other!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _other = await Mount.StartAsync(Target, Source, ["--key", "file:" + KeyFile]);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_other is not null) await _other.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory")]
    public async Task WhoeverMadeANameHasItAlone(string what)
    {
        await Mount.RunAsync("echo 0 >counter");
        var script = $"python3 \"$PROGRAMS/claimed_counter.py\" {what} 12";
        await Task.WhenAll(Mount.RunAsync(script), Other.RunAsync(script), Mount.RunAsync(script), Other.RunAsync(script));
        await Other.RunAsync("is \"$(cat counter)\" 48");
        await Mount.RunAsync("is \"$(cat counter)\" 48; is \"$(ls)\" counter");
        await Other.UnmountAsync();
    }

    /// <summary>Both change the same files for a while; their histories and the files must agree.</summary>
    [Fact]
    public async Task WhatWasAcknowledgedIsThereWhoeverWroteAtTheSameTime()
    {
        await Mount.RunAsync("for i in 0 1 2 3; do : >f$i; done");
        string Script(string who) => $"python3 \"$PROGRAMS/fought_over.py\" write {who} {(Fast ? 4 : 15)} '{Mount.Scratch}/{who}'";
        await Task.WhenAll(Mount.RunAsync(Script("one")), Other.RunAsync(Script("two")));
        await Other.UnmountAsync();
        await Mount.RemountAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(await Mount.RunAsync($"python3 \"$PROGRAMS/fought_over.py\" check '{Mount.Scratch}/one' '{Mount.Scratch}/two'"));
    }

    [Fact]
    public async Task WhatOneClosesTheOtherOpens()
    {
        await Mount.RunAsync("echo 1 >f; mkdir d; echo a >d/a");
        await Other.RunAsync("is \"$(cat f)\" 1; is \"$(ls d)\" a");
        await Mount.RunAsync("echo 22 >f; rm d/a; echo b >d/b");
        await Other.RunAsync("is \"$(cat f)\" 22; is \"$(cat d/b)\" b; sleep 1.1; is \"$(ls d)\" b");
        await Other.UnmountAsync();
    }

    /// <summary>Known here, and moved or removed by the other a moment ago: whatever takes the name works at the first try.</summary>
    [Fact]
    public async Task ANameThatTheOtherTookAwayIsFree()
    {
        await Mount.RunAsync($$"""
            other='{{Other.Root}}'
            mkdir A B; touch A/f; mv A/f B/; cat "$other/B/f"; mv "$other/B/f" "$other/A/"; cat A/f; mv A/f B/
            for name in claimed written touched linked fifo new moved; do echo 1 >$name; cat "$other/$name" >/dev/null; done
            mkdir d; ls "$other/d"
            (cd "$other"; rm claimed written touched linked fifo new moved; rmdir d)
            (set -C; echo 2 >claimed)
            echo 2 >written
            touch touched
            ln -s written linked
            mkfifo fifo
            mkdir new
            mkdir d
            echo 2 >source; mv source moved
            is "$(cat claimed written moved)" $'2\n2\n2'
            is "$(readlink linked)" written
            test -f touched -a -p fifo -a -d new -a -d d
            """);
        await Mount.RunAsync($$"""
            python3 - '{{Other.Root}}' <<'P'
            import os, sys
            other = sys.argv[1]
            def known_and_gone(name, make=lambda name: open(name, "w").close(), remove=os.unlink):
                make(name)
                os.stat(f"{other}/{name}")
                remove(f"{other}/{name}")
            known_and_gone("x"); os.close(os.open("x", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            known_and_gone("x.d", os.mkdir, os.rmdir); os.mkdir("x.d")
            known_and_gone("y.d", os.mkdir, os.rmdir); os.mkdir("from"); os.rename("from", "y.d")
            known_and_gone("y"); open("source", "w").close(); os.rename("source", "y")
            known_and_gone("z"); os.symlink("y", "z")
            known_and_gone("n"); os.mkfifo("n")
            # What was written is stored under the name, though the file that it replaces has gone.
            known_and_gone("w")
            with open("open", "w") as file:
                file.write("written")
                os.rename("open", "w")
            assert open("w").read() == "written"
            # Gone is gone for those who mean the file itself.
            for act in (lambda: os.truncate("gone", 5), lambda: open("gone", "r+"), lambda: open("gone")):
                known_and_gone("gone")
                try:
                    act()
                    raise SystemExit("a file that is gone was opened")
                except FileNotFoundError:
                    pass
            known_and_gone("chmodded")
            try:
                os.chmod("chmodded", 0o600)
            except FileNotFoundError:
                pass
            P
            ! ls -R | grep conflict
            """);
        await Other.UnmountAsync();
    }

    /// <summary>The attributes that wait to be stored belong to a version that the other has replaced by a shorter one, or removed.</summary>
    [Fact]
    public async Task ChangedAttributesEndWithTheirVersion()
    {
        await Mount.RunAsync($$"""
            other='{{Other.Root}}'
            for name in shorter removed renamed; do head -c 6000000 /dev/zero >$name; ls -l "$other/$name" >/dev/null; done
            ls -l >/dev/null
            echo 123 >"$other/shorter"
            rm "$other/removed"
            mv "$other/renamed" "$other/elsewhere"
            chmod 600 shorter removed renamed || true
            is "$(cat shorter)" 123
            sleep 2
            is "$(cat shorter)" 123
            is "$(ls)" $'elsewhere\nshorter'
            mkdir d; touch d/x
            rm -r "$other/d"
            """);
        await Mount.UnmountAsync();
        await Other.RunAsync("is \"$(ls)\" $'elsewhere\\nshorter'");
        await Other.UnmountAsync();
    }

    /// <summary>A name that is gone is renamed nowhere, and what replaced a file by something else is not written to.</summary>
    [Fact]
    public async Task WhatTheOtherMovedOrReplacedIsNotBroughtBack()
    {
        await Mount.RunAsync($$"""
            other='{{Other.Root}}'
            for name in moved removed linked; do echo 1 >$name; cat $name >/dev/null; cat "$other/$name" >/dev/null; done
            echo 2 >target
            mv "$other/moved" "$other/there"
            rm "$other/removed"
            ln -sfn target "$other/linked"
            ! python3 -c "import os; os.rename('moved', 'here')"
            ! python3 -c "import os; os.rename('removed', 'target')"
            echo 3 >linked
            is "$(readlink linked)" target
            is "$(cat target there)" $'3\n1'
            is "$(ls)" $'linked\ntarget\nthere'
            """);
        await Other.UnmountAsync();
    }

    [Fact]
    public async Task BothVersionsOfAFileThatBothWroteAreKept()
    {
        await Mount.RunAsync("echo old >f");
        await Mount.RunAsync($"""
            python3 - '{Other.Root}/f' <<'P'
            import errno, os, sys
            f = os.open("f", os.O_WRONLY | os.O_TRUNC)
            os.write(f, b"ours\n")
            with open(sys.argv[1], "w") as theirs:
                theirs.write("theirs\n")
            try:
                os.close(f)
                raise SystemExit("close said that all is well")
            except OSError as e:
                assert e.errno in (errno.EIO, errno.ESTALE), e
            P
            """);
        await Mount.RunAsync("is \"$(cat f)\" theirs; is \"$(cat f.conflict-*)\" ours");
        await Other.UnmountAsync();
    }

    /// <summary>What README says that it cannot do.</summary>
    [Fact]
    public async Task ALockIsNotSeenByTheOther()
    {
        await Mount.RunAsync($$"""
            : >f
            exec 3<f 4<"{{Other.Root}}/f"
            flock -n 3
            refused '' flock -n f true
            flock -n 4
            """);
        await Other.UnmountAsync();
    }
}
