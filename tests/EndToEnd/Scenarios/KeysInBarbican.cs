using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A key in the real Barbican, put there by the tool or by OpenStack's own client, opens what the other wrote. Barbican runs where the real Ceph does.</summary>
public sealed class KeysInBarbican(Target target)
{
    private readonly string _prefix = Target.RandomName();

    [Fact]
    public async Task TheToolAndOpenStacksClientUseEachOthersKeys()
    {
        if (target.IsEmbedded) Assert.Skip("for the real services");
        await RunAsync("""
            . "$BARBICAN/openrc"
            made=$("$TOOL" key new --store barbican --name made)
            is "$(openstack secret get "$made" -f value -c Name)" made
            openstack secret get "$made" -t application/octet-stream --file key
            chmod 600 key
            is "$("$TOOL" key show file:key)" "$("$TOOL" key show "barbican:$made")"
            mounted "barbican:$made" 'echo written >f'
            mounted file:key 'is "$(cat f)" written'
            is "$(head -c 100 <"$HOME/log" | grep -c "$OS_PASSWORD")" 0

            stored=$(openstack secret store --payload "$(pwgen 32 1)" --name stored -f value -c "Secret href")
            mounted "barbican:${stored##*/} --allow-unreadable" 'echo another >g; ! cat f'
            mounted "barbican:$stored --allow-unreadable" 'is "$(cat g)" another'

            "$TOOL" key store file:key --name again >again
            is "$("$TOOL" key show "barbican:$(cat again)")" "$("$TOOL" key show file:key)"
            """);
    }

    [Fact]
    public async Task AnApplicationCredentialOfACloudsFileReadsTheKeyAndAStrangerDoesNot()
    {
        if (target.IsEmbedded) Assert.Skip("for the real services");
        await RunAsync("""
            export OS_CLIENT_CONFIG_FILE=$BARBICAN/clouds.yaml
            made=$("$TOOL" key new --store barbican --os-cloud appcred)
            mounted "barbican:$made --os-cloud appcred" 'echo written >f'
            OS_CLOUD=demo mounted "barbican:$made" 'is "$(cat f)" written'
            code=0
            said=$("$TOOL" key show "barbican:$made" --os-cloud other 2>&1) || code=$?
            is $code 3
            [[ $said == *"belongs to another project"* ]]
            """);
    }

    private Task<string> RunAsync(string script)
    {
        var home = Path.Combine(target.Home, "barbican-" + _prefix);
        Directory.CreateDirectory(Path.Combine(home, "m"));
        return Shell.RunAsync(
            """
            # mounted KEY SCRIPT: runs it in a mount.
            mounted() {
                "$TOOL" mount "$SOURCE" "$HOME/m" --key $1 --endpoint "$ENDPOINT" --region us-east-1 --log-file "$HOME/log"
                local code=0
                (cd "$HOME/m" && eval "$2") || code=$?
                "$TOOL" umount "$HOME/m"
                return $code
            }
            """ + "\n" + script,
            home,
            new Dictionary<string, string>(target.Environment())
            {
                ["HOME"] = home,
                ["TOOL"] = target.Tool,
                ["BARBICAN"] = Environment.GetEnvironmentVariable("BARBICAN") ?? throw new InvalidOperationException("BARBICAN is not set: tests/real/barbican.sh starts one"),
                ["SOURCE"] = $"s3://{target.Bucket}/{_prefix}",
                ["ENDPOINT"] = target.Endpoint.Url.ToString(),
            });
    }
}
