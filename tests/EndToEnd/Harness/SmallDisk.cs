using Xunit;

namespace SseCFs.EndToEnd.Harness;

/// <summary>A disk of a few MiB that is quickly full (tmpfs). Without root, which mounts it, a scenario that needs one is skipped.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string root) => Root = root;

    public string Root { get; }

    private string Ballast => Path.Combine(Root, "ballast");

    public static async Task<SmallDisk> MountAsync(Target target, int mebibytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small disk");
        var disk = new SmallDisk(Path.Combine(target.Home, "disk-" + Target.RandomName()));
        Directory.CreateDirectory(disk.Root);
        await disk.RunAsync($"mount -t tmpfs -o size={mebibytes}m,mode=700 small-disk \"$DISK\"");
        return disk;
    }

    /// <summary>The command by which another program takes all the room that is left.</summary>
    public string Fill => $"! cat /dev/zero >'{Ballast}' 2>/dev/null";

    public Task FillAsync() => RunAsync(Fill);

    /// <summary>The other program gives it back.</summary>
    public void Clear() => File.Delete(Ballast);

    /// <summary>Once nobody uses it any more.</summary>
    public async ValueTask DisposeAsync() => await RunAsync("umount \"$DISK\"");

    private Task<string> RunAsync(string script) => Shell.RunAsync(script, "/", new Dictionary<string, string> { ["DISK"] = Root });
}
