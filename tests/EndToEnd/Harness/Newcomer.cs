using System.Text.RegularExpressions;
using Xunit;

namespace SseCFs.EndToEnd.Harness;

/// <summary>A reader who pastes the commands of a page into one bash: in an empty home, with nothing set but what the page says that the provider gives.</summary>
public sealed partial class Newcomer : IAsyncDisposable
{
    private const char BeforeEachStep = '\x1e';

    private readonly Target _target;

    public Newcomer(Target target, string page)
    {
        _target = target;
        Home = Path.Combine(target.Home, $"{page}-{Target.RandomName()}");
        Bucket = $"{page}-{Target.RandomName()}";
        Directory.CreateDirectory(Home);
    }

    public string Home { get; }

    /// <summary>A name for the page's bucket that nobody uses.</summary>
    public string Bucket { get; }

    /// <summary>What a page tells the reader to set for a service.</summary>
    public Dictionary<string, string> Given(Endpoint service) => new()
    {
        ["AWS_ENDPOINT_URL"] = service.Url.GetLeftPart(UriPartial.Authority),
        ["AWS_ACCESS_KEY_ID"] = service.AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = service.SecretKey,
        ["AWS_CA_BUNDLE"] = service.CertificateFile!,
        ["BUCKET"] = Bucket,
    };

    /// <summary>Runs the steps one after the other and compares what each prints with what the page promises.</summary>
    public async Task FollowAsync(IReadOnlyList<PageStep> steps, IReadOnlyDictionary<string, string> given)
    {
        Assert.NotEmpty(steps);
        var script = Home + ".sh";
        await File.WriteAllTextAsync(script,
            """
            exec 2>&1
            trap 'echo "failed: $BASH_COMMAND"' ERR

            """ + string.Concat(steps.Select(step => $"printf '{BeforeEachStep}'\n{step.Commands}")));
        var variables = string.Join(' ', given.Select(one => $"{one.Key}='{one.Value}'"));
        var printed = await Shell.RunAsync(
            $$"""
            exec env -i HOME="$HOME" PATH="${TOOL%/*}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 {{variables}} bash -e "$SCRIPT"
            """,
            Home,
            new Dictionary<string, string> { ["HOME"] = Home, ["TOOL"] = _target.Tool, ["SCRIPT"] = script });
        var outputs = printed.Split(BeforeEachStep).Skip(1).Select(output => Progress().Replace(output, "")).ToList();
        Assert.Equal(steps.Count, outputs.Count);
        foreach (var (step, output) in steps.Zip(outputs))
            Assert.True(step.IsAsPromised(output), $"{step.Section}: the page has\n{step.Commands}\nand promises\n{step.Prints}\nIt prints\n{output}");
    }

    /// <summary>Unmounts what a failed run left mounted.</summary>
    public async ValueTask DisposeAsync() =>
        await Shell.RunAsync(
            """for at in *; do if mountpoint -q "$at"; then "$TOOL" umount "$at"; fi; done""", Home, new Dictionary<string, string> { ["TOOL"] = _target.Tool });

    /// <summary>Lines that say how far a command is, which come only where it takes a while.</summary>
    [GeneratedRegex(@"^ssecfs: (\[[#.]+\] |waiting for |[\d,]+ objects? ).*\n", RegexOptions.Multiline)]
    private static partial Regex Progress();
}
