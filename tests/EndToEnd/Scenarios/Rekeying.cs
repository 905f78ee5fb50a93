using System.Net;
using System.Security.Cryptography;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A bucket gets a new key while it is in use.</summary>
public sealed class Rekeying(Target target) : Scenario(target)
{
    private readonly byte[] _old = RandomNumberGenerator.GetBytes(32);

    /// <summary>The new key is the target's.</summary>
    protected override string[] Options => ["--key", OldKey];

    private string OldKey => "file:" + Target.WriteKey("old-" + Prefix.TrimEnd('/'), _old);

    [Fact]
    public async Task ProgramsWorkOnWhileTheirFilesAreEncryptedAnew()
    {
        var large = RandomNumberGenerator.GetBytes(20_000_000);
        await File.WriteAllBytesAsync(Path.Combine(Mount.Scratch, "large"), large);
        await Target.S3.PutAsync(Prefix + "large", large, _old, ("mtime", "1700000000"), ("mode", "33152"));
        foreach (var name in new[] { "edited", "later", "moved", "d/a", "d/b", "f/a", "ü %41+", "e/" })
            await Target.S3.PutAsync(Prefix + name, name == "e/" ? [] : "old\n"u8.ToArray(), _old, ("mtime", "1700000000"));
        await Target.S3.PutAsync(Prefix + "plain", "plain"u8.ToArray(), null);
        await Mount.RemountAsync();
        await ToolAsync($$"""
            exec 7<large 8<>later
            head -c 1000 <&7 | cmp - <(head -c 1000 "$SCRATCH/large")
            coproc python3 -c '
            import os, sys
            edited = os.open("edited", os.O_RDWR)
            os.write(edited, b"begun")
            print("begun", flush=True)
            sys.stdin.readline()
            os.write(edited, b" and ended")
            os.close(edited)
            '
            read -r _ <&"${COPROC[0]}"
            stat d/a moved >/dev/null

            "$TOOL" rekey "$SOURCE" --key "file:$KEY" --key {{OldKey}} "${SERVICE[@]}" --dry-run | tee "$SCRATCH/dry"
            grep -Eq 'to be re-encrypted from [0-9a-f]{16} +9 objects' "$SCRATCH/dry"
            code=0
            "$TOOL" audit "$SOURCE" --key "file:$KEY" "${SERVICE[@]}" >"$SCRATCH/audit" || code=$?
            is $code 11

            "$TOOL" rekey "$SOURCE" --key "file:$KEY" --key {{OldKey}} "${SERVICE[@]}" | tee "$SCRATCH/done"
            grep -Eq 're-encrypted from [0-9a-f]{16} +9 objects' "$SCRATCH/done"
            grep -Eq 'not encrypted, left so +1 object .*such as {{Prefix}}plain' "$SCRATCH/done"

            cat <&7 | cmp - <(tail -c +1001 "$SCRATCH/large")
            ls -l >/dev/null
            printf 'new' >&8
            exec 7<&- 8>&-
            program=$COPROC_PID
            echo >&"${COPROC[1]}"
            wait $program
            mv moved f/a
            mv d f/g
            chmod 644 large
            """);
        await ThenAsync("""
            is "$(cat edited)" 'begun and ended'
            is "$(cat later)" new
            is "$(cat f/a f/g/a f/g/b)" $'old\nold\nold'
            is "$(cat 'ü %41+')" old
            cmp large "$SCRATCH/large"
            is "$(stat -c '%a %Y' large)" '644 1700000000'
            is "$(ls | xargs -d '\n' | tr -d "\n")" 'e edited f large later plain ü %41+'
            """);
        await ToolAsync("""
            "$TOOL" rekey "$SOURCE" --key "file:$KEY" "${SERVICE[@]}" --encrypt-plain --json >"$SCRATCH/json"
            python3 - "$SCRATCH/json" <<'P'
            import json, sys
            groups = {group["outcome"]: group["objects"] for group in json.load(open(sys.argv[1]))["groups"]}
            assert groups["changed"] == 1 and set(groups) == {"changed", "unchanged"}, groups
            P
            "$TOOL" audit "$SOURCE" --key "file:$KEY" "${SERVICE[@]}"
            """);
        foreach (var key in await Target.S3.ListAsync(Prefix))
            Assert.Equal((key, HttpStatusCode.OK), (key, (await Target.S3.HeadAsync(key, Target.Key)).Status));
    }

    [Fact]
    public async Task ARunThatIsKilledLosesNothingAndIsStartedAgain()
    {
        var contents = Enumerable.Range(0, 30).ToDictionary(i => $"d/{i:D2}", i => RandomNumberGenerator.GetBytes(i % 10 == 0 ? 6_000_000 : 1000 * i + 1));
        foreach (var (name, content) in contents)
            await Target.S3.PutAsync(Prefix + name, content, _old, ("colour", name));
        await Mount.UnmountAsync();
        var random = new Random(1);
        var rounds = Fast ? 2 : 5;
        for (var round = 0; round < rounds; round++)
        {
            var run = Background.Start(
                Target.Tool,
                ["rekey", Source, "--key", "file:" + KeyFile, "--key", OldKey, "--endpoint", Endpoint.Url.ToString(), "--region", "us-east-1",
                    "--parallel", "3", "--limit-rate", "8M", .. Endpoint.CertificateFile is { } file ? new[] { "--ca-file", file } : []],
                Target.Environment(Endpoint),
                Path.Combine(Mount.Scratch, $"rekey-{round}"));
            await Task.Delay(random.Next(300, 1500));
            await run.KillAsync();
            await CheckAsync(contents);
        }
        await StartAgainAsync();
        await ToolAsync($$"""
            "$TOOL" rekey "$SOURCE" --key "file:$KEY" --key {{OldKey}} "${SERVICE[@]}"
            """);
        await CheckAsync(contents);
        Assert.Equal(contents.Keys.Select(name => Prefix + name), await Target.S3.ListAsync(Prefix));
        foreach (var name in contents.Keys)
            Assert.Equal(HttpStatusCode.OK, (await Target.S3.HeadAsync(Prefix + name, Target.Key)).Status);
    }

    [Fact]
    public async Task KeysAreLoadedAnewWithoutRemount()
    {
        var newest = RandomNumberGenerator.GetBytes(32);
        await Mount.UnmountAsync();
        var (first, second) = (Target.WriteKey("first-" + Prefix.TrimEnd('/'), _old), Target.WriteKey("second-" + Prefix.TrimEnd('/'), _old));
        await Target.S3.PutAsync(Prefix + "old", "old\n"u8.ToArray(), _old);
        await StartAgainAsync();
        await Target.S3.PutAsync(Prefix + "later", "later\n"u8.ToArray(), newest);
        await ToolAsync($$"""
            mkdir "$SCRATCH/m"
            cd "$(dirname {{first}})"
            "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key file:$(basename {{first}}) --key file:{{second}} "${SERVICE[@]}" --log-file "$SCRATCH/log"
            cd "$SCRATCH/m"
            refused 'Permission denied' cat later

            printf 'too short' >{{first}}
            refused 'the keys stay as they were' "$TOOL" reload "$SCRATCH/m"
            is "$(cat old)" old
            cp {{Target.WriteKey("newest-" + Prefix.TrimEnd('/'), newest)}} {{first}}
            "$TOOL" reload "$SCRATCH/m" | grep -Eq 'the keys [0-9a-f]{16}, [0-9a-f]{16}'
            is "$(cat later old)" $'later\nold'
            echo new >new

            cp {{second}} {{first}}
            kill -HUP "$("$TOOL" status "$SCRATCH/m" | sed -nE 's/.*process ([0-9]+)$/\1/p')"
            for i in $(seq 100); do [ "$(grep -c 'loaded anew' "$SCRATCH/log")" = 2 ] && break; sleep 0.1; done
            echo last >last
            is "$(cat old last)" $'old\nlast'
            cd "$SCRATCH"
            "$TOOL" umount "$SCRATCH/m"
            """);
        Assert.Equal(HttpStatusCode.OK, (await Target.S3.HeadAsync(Prefix + "old", _old)).Status);
        Assert.Equal(HttpStatusCode.OK, (await Target.S3.HeadAsync(Prefix + "new", newest)).Status);
        Assert.Equal(HttpStatusCode.OK, (await Target.S3.HeadAsync(Prefix + "last", _old)).Status);
    }

    /// <summary>Under the one key or the other, every object is whole.</summary>
    private async Task CheckAsync(Dictionary<string, byte[]> contents)
    {
        foreach (var (name, content) in contents)
        {
            var reply = await Target.S3.GetAsync(Prefix + name, Target.Key);
            if (reply.Status != HttpStatusCode.OK)
                reply = await Target.S3.GetAsync(Prefix + name, _old);
            Assert.Equal((name, HttpStatusCode.OK, name), (name, reply.Status, reply.Metadata("colour")));
            Assert.True(reply.Content.AsSpan().SequenceEqual(content), $"{name} has other bytes");
        }
    }
}
