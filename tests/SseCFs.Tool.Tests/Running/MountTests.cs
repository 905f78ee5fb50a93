using System.Diagnostics;
using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>Real mounts: the life of the background process. Each test unmounts what it mounted, on a directory of its own.</summary>
public sealed class MountTests
{
    [Fact]
    public async Task MountReturnsServesAndUnmounts()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var (directory, key) = (service.MakeDirectory(), service.MakeKey());

        // That it returns at all shows that the process in the background let go of the pipes of this one.
        Succeeded(await service.MountAsync(directory, key));
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory, "file"), "content");
            var again = await service.MountAsync(directory, key);
            Assert.Equal((int)ExitCode.Directory, again.ExitCode);
            Assert.Contains("already", again.Error, StringComparison.Ordinal);

            await using (File.OpenRead(Path.Combine(directory, "file")))
            {
                var busy = await service.RunAsync("umount", directory);
                Assert.Equal((int)ExitCode.Directory, busy.ExitCode);
                Assert.True(IsMounted(directory));
            }
        }
        finally
        {
            Succeeded(await service.RunAsync("umount", directory));
        }
        Assert.False(IsMounted(directory));

        Succeeded(await service.MountAsync(directory, key));
        try
        {
            Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(directory, "file")));
        }
        finally
        {
            Succeeded(await service.RunAsync("umount", directory));
        }
    }

    [Fact]
    public async Task AMountWhoseProcessWasKilledIsClearedAway()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var directory = service.MakeDirectory();
        Succeeded(await service.MountAsync(directory));
        try
        {
            using var process = Process.GetProcessById(ServerOf(directory));
            process.Kill();
            await process.WaitForExitAsync();
        }
        finally
        {
            Assert.Equal(0, (await service.RunAsync("umount", directory)).ExitCode);
        }
        Assert.False(IsMounted(directory));
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Error}");

    private static bool IsMounted(string directory) => File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == directory);

    /// <summary>The process which was started to serve the directory.</summary>
    private static int ServerOf(string directory) => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
        .Single(id => id > 0 && ArgumentsOf(id) is var arguments && arguments.Contains("--background-child") && arguments.Contains(directory));

    private static string[] ArgumentsOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
