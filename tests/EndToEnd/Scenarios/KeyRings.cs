using System.Net;
using System.Security.Cryptography;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A mount with several keys: one writes, all read, and a folder has one of its own.</summary>
public sealed class KeyRings(Target target) : Scenario(target)
{
    private readonly byte[] _old = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _own = RandomNumberGenerator.GetBytes(32);

    protected override string[] Options =>
    [
        "--key", "file:" + Target.WriteKey("old-" + Prefix.TrimEnd('/'), _old),
        "--key-for", $"{Prefix}own/=file:{Target.WriteKey("own-" + Prefix.TrimEnd('/'), _own)}",
    ];

    [Fact]
    public async Task FilesOfTheOldKeyAreReadAndGetTheNewOneWhenTheyAreChanged()
    {
        var large = RandomNumberGenerator.GetBytes(6_000_000);
        foreach (var name in new[] { "read", "appended", "overwritten", "moved", "touched", "d/a", "d/b" })
            await Target.S3.PutAsync(Prefix + name, "old\n"u8.ToArray(), _old);
        await Target.S3.PutAsync(Prefix + "large", large, _old);
        await Mount.RemountAsync();
        await RunAsync("""
            is "$(cat read)" old
            echo more >>appended
            echo new >overwritten
            mv moved elsewhere
            chmod 600 touched
            mv d e
            printf xyz | dd of=large bs=1 seek=1000000 conv=notrunc status=none
            """);
        await ThenAsync("""
            is "$(cat read)" old
            is "$(cat appended)" $'old\nmore'
            is "$(cat overwritten)" new
            is "$(cat elsewhere)" old
            is "$(cat e/a e/b)" $'old\nold'
            is "$(stat -c '%a %s' touched)" '600 4'
            is "$(dd if=large bs=1 skip=1000000 count=3 status=none)" xyz
            is "$(stat -c %s large)" 6000000
            """);
        await UnderAsync(_old, "read");
        await UnderAsync(Target.Key, "appended", "overwritten", "elsewhere", "touched", "e/a", "e/b", "large");
    }

    [Fact]
    public async Task AFolderHasAKeyOfItsOwn()
    {
        await RunAsync("mkdir own; echo a >own/a; echo b >b; cp b own/b; mv own/a a; noise 6000000 1 >own/large; mv own/large large");
        await ThenAsync("is \"$(cat a b own/b)\" $'a\\nb\\nb'; cmp large <(noise 6000000 1)");
        await UnderAsync(_own, "own/b");
        await UnderAsync(Target.Key, "a", "b", "large");
    }

    [Fact]
    public async Task AuditAndVerifyTellWhatIsInTheBucket()
    {
        await RunAsync("noise 1000 1 >new; noise 9000000 2 >large; mkdir own; echo 1 >own/a");
        await Target.S3.PutAsync(Prefix + "old", new byte[70], _old);
        await Mount.RemountAsync();
        await ToolAsync($$"""
            KEYS=({{string.Join(' ', Options)}})
            "$TOOL" audit "$SOURCE" --key "file:$KEY" "${KEYS[@]}" "${SERVICE[@]}" >"$SCRATCH/audit"
            grep -q ': 5 objects,' "$SCRATCH/audit"
            "$TOOL" verify "$SOURCE" --key "file:$KEY" "${KEYS[@]}" "${SERVICE[@]}" >"$SCRATCH/verify"
            grep -Eq 'damaged +0 objects' "$SCRATCH/verify"

            code=0
            "$TOOL" audit "$SOURCE" --key "file:$KEY" "${SERVICE[@]}" --json >"$SCRATCH/audit.json" || code=$?
            is $code 11
            python3 - "$SCRATCH/audit.json" <<'P'
            import json, sys
            groups = {group["kind"]: group for group in json.load(open(sys.argv[1]))["groups"]}
            assert groups["unreadable"]["objects"] == 3, groups
            assert groups["key"]["bytes"] == 9_001_000, groups
            P
            """);
        await Target.S3.PutAsync(Prefix + "damaged", "other"u8.ToArray(), Target.Key, ("md5chksum", "AAAAAAAAAAAAAAAAAAAAAA=="));
        await Target.S3.PutAsync(Prefix + "plain", "plain"u8.ToArray(), null);
        await ToolAsync($$"""
            KEYS=({{string.Join(' ', Options)}})
            code=0
            "$TOOL" verify "$SOURCE" --key "file:$KEY" "${KEYS[@]}" "${SERVICE[@]}" >"$SCRATCH/verify" || code=$?
            is $code 11
            grep -q '^damaged: {{Prefix}}damaged: ' "$SCRATCH/verify"
            code=0
            "$TOOL" audit "$SOURCE" --key "file:$KEY" "${KEYS[@]}" "${SERVICE[@]}" >"$SCRATCH/audit" || code=$?
            is $code 11
            grep -Eq 'not encrypted +1 object .*such as {{Prefix}}plain' "$SCRATCH/audit"
            """);
    }

    private async Task UnderAsync(byte[] key, params string[] names)
    {
        foreach (var name in names)
            Assert.Equal((name, HttpStatusCode.OK), (name, (await Target.S3.HeadAsync(Prefix + name, key)).Status));
    }
}
