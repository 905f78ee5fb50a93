using System.Net;
using Xunit;

namespace SseCFs.EndToEnd.Harness;

/// <summary>A test with a mount of its own, on a prefix of its own. A mount that does not end cleanly fails the test.</summary>
public abstract class Scenario(Target target) : IAsyncLifetime
{
    private Mount? _mount;

    /// <summary>Whether a scenario works on files of this mount (false) or on files stored by an earlier one (true).</summary>
    public static TheoryData<bool> Moments => Fast ? new(true) : new(false, true);

    /// <summary>Set for a run that has to be over in a minute: fewer rows and rounds.</summary>
    protected static bool Fast { get; } = Environment.GetEnvironmentVariable("SSECFS_E2E_FAST") is not null;

    protected Target Target { get; } = target;

    protected Mount Mount => _mount ?? throw new InvalidOperationException("not mounted");

    /// <summary>Ends in '/'.</summary>
    protected string Prefix { get; } = Target.RandomName() + "/";

    /// <summary>What is mounted.</summary>
    protected virtual string Source => $"s3://{Target.Bucket}/{Prefix}";

    protected virtual Endpoint Endpoint => Target.Endpoint;

    protected virtual string KeyFile => Target.KeyFile;

    protected virtual string[] Options => [];

    public virtual async ValueTask InitializeAsync() => await StartAgainAsync();

    /// <summary>A fresh mount of the same files, after the scenario unmounted the first.</summary>
    protected async Task StartAgainAsync() =>
        _mount = await Mount.StartAsync(Target, Source, ["--key", "file:" + KeyFile, .. Options], Endpoint);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_mount is null) return;
        try
        {
            if (TestContext.Current.TestState?.Result == TestResult.Failed)
                TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
            else if (_mount.IsServing)
                await _mount.UnmountAsync();
        }
        finally
        {
            await _mount.DisposeAsync();
        }
    }

    protected Task<string> RunAsync(string script) => Mount.RunAsync(script);

    /// <summary>With the tool as TOOL, what it is to mount as SOURCE, its key as KEY and the options of the service as SERVICE; mount_it DIR mounts.</summary>
    protected Task<string> ToolAsync(string script) => RunAsync(
        $$"""
        TOOL={{Target.Tool}} SOURCE={{Source}} KEY={{KeyFile}} ENDPOINT={{Target.Endpoint.Url}} CA={{Target.Endpoint.CertificateFile}}
        SERVICE=(--endpoint "$ENDPOINT" --region us-east-1 ${CA:+--ca-file "$CA"})
        mount_it() { local at=$1; shift; "$TOOL" mount "$SOURCE" "$at" --key "file:$KEY" "${SERVICE[@]}" "$@"; }

        """ + script);

    /// <summary>Prepares files; with <paramref name="earlier"/> they have been stored by an earlier mount afterwards.</summary>
    protected async Task GivenAsync(bool earlier, string script)
    {
        await RunAsync(script);
        if (earlier) await Mount.RemountAsync();
    }

    /// <summary>Checks now and, as only that proves that it was stored, again after a remount.</summary>
    protected async Task ThenAsync(string script)
    {
        await RunAsync(script);
        await Mount.RemountAsync();
        await RunAsync(script);
    }

    /// <summary>Each file is an object that is refused without the key, and that has the file's bytes with it.</summary>
    protected async Task SealedAsync(params string[] paths)
    {
        foreach (var path in paths)
        {
            var copy = Path.Combine(Mount.Scratch, "sealed");
            await RunAsync($"cat -- '{path}' >\"$SCRATCH/sealed\"");
            Assert.Equal(HttpStatusCode.BadRequest, (await Target.S3.GetAsync(Prefix + path, null)).Status);
            var reply = await Target.S3.GetAsync(Prefix + path, Target.Key);
            var expected = await File.ReadAllBytesAsync(copy);
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            Assert.True(reply.Content.AsSpan().SequenceEqual(expected), $"{path}: the object has other bytes than the file");
        }
    }
}
