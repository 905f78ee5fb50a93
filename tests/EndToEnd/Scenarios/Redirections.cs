using System.Net;
using System.Text;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>
/// Programs that share one open file, as a shell that redirects and its children do. Each of them closes it, but nobody sees the file
/// before the one that opened it has done so.
/// </summary>
public sealed class Redirections(Target target) : Scenario(target)
{
    /// <summary>Writes a line, lets a child end whose output is the file, and waits for the test before it writes the next line.</summary>
    private const string Work = """echo one; /bin/true; touch "$SCRATCH/half"; until [ -e "$SCRATCH/go" ]; do sleep 0.05; done; echo two""";

    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["a subshell"] = $"( {Work} ) >f",
        ["a group"] = $"{{ {Work}; }} >f",
        ["a child, both outputs"] = $"bash -c '{Work}' >f 2>&1",
        ["a descriptor for a while"] = $"exec 3>f; ( {Work} ) >&3; exec 3>&-",
        ["a child of Python"] = """
            python3 - <<'P'
            import subprocess
            with open("f", "w") as file:
                subprocess.run(["bash", "-c", 'WORK'], stdout=file, check=True)
            P
            """.Replace("WORK", Work, StringComparison.Ordinal),
        ["a child of a thread"] = """
            python3 - <<'P'
            import subprocess, threading
            def work():
                with open("f", "w") as file:
                    subprocess.run(["bash", "-c", 'WORK'], stdout=file, check=True)
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            P
            """.Replace("WORK", Work, StringComparison.Ordinal),
        ["a fork without exec"] = """
            python3 - <<'P'
            import os, pathlib, time
            file = os.open("f", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            if os.fork() == 0:
                os.write(file, b"one\n")
                os._exit(0)
            os.wait()
            scratch = pathlib.Path(os.environ["SCRATCH"])
            (scratch / "half").touch()
            while not (scratch / "go").exists():
                time.sleep(0.05)
            os.write(file, b"two\n")
            os.close(file)
            P
            """,
    };

    public static TheoryData<string, bool> Ways
    {
        get
        {
            var rows = new TheoryData<string, bool>();
            foreach (var way in Scripts.Keys)
            {
                rows.Add(way, false);
                rows.Add(way, true);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AreSeenWhole(string way, bool isThereAlready)
    {
        if (isThereAlready) await RunAsync("echo old >f");
        var before = isThereAlready ? "old\n" : null;
        var work = RunAsync(Scripts[way]);
        await HalfAsync(work);
        Assert.Equal(before, await StoredAsync());
        await RunAsync("is \"$(cat f)\" one; touch \"$SCRATCH/go\"");
        await work;
        Assert.Equal("one\ntwo\n", await StoredAsync());
    }

    /// <summary>Whoever opened it is done with it, and has to find that stored.</summary>
    [Fact]
    public async Task WhoOpenedItStoresItWhoeverHasItStill()
    {
        // The substitution ends when the last child has ended, since that has its pipe.
        var work = RunAsync($$"""
            waited=$(bash -c 'exec 3>f; echo zero >&3; {
                until grep -qs "State:.*Z" /proc/$$/status || [ ! -e /proc/$$ ]; do sleep 0.05; done
                {{Work}}
            } >&3 &')
            """);
        await HalfAsync(work);
        // The child that ended has stored what was written until then, too.
        Assert.Equal("zero\none\n", await StoredAsync());
        await RunAsync("touch \"$SCRATCH/go\"");
        await work;
        Assert.Equal("zero\none\ntwo\n", await StoredAsync());
    }

    private async Task HalfAsync(Task work)
    {
        while (!File.Exists(Path.Combine(Mount.Scratch, "half")) && !work.IsCompleted) await Task.Delay(20);
        if (work.IsCompleted) await work;
    }

    private async Task<string?> StoredAsync()
    {
        var reply = await Target.S3.GetAsync(Prefix + "f", Target.Key);
        return reply.Status == HttpStatusCode.NotFound ? null : Encoding.UTF8.GetString(reply.Content);
    }
}
