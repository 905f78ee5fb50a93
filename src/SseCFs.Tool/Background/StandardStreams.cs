using System.Globalization;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Background;

/// <summary>What a process must let go of before it can outlive its caller.</summary>
internal static class StandardStreams
{
    /// <summary>
    /// No child inherits any descriptor but the standard three: a background process that kept a caller's pipe or lock file open would
    /// make `$(…)` or flock(1) wait for the unmount.
    /// </summary>
    public static void KeepFromChildren()
    {
        if (OperatingSystem.IsWindows())
        {
            // There, only what is marked so is inherited.
            return;
        }
        foreach (var fd in Descriptors().Where(fd => fd > 2))
        {
            // That of the listing itself is among them, and closed by now: EBADF is no matter.
            _ = Libc.fcntl(fd, Libc.F_SETFD, Libc.FD_CLOEXEC);
        }
    }

    /// <summary>Own session, no terminal, standard streams at /dev/null, working directory '/' (which keeps nothing from being unmounted).</summary>
    public static void Detach()
    {
        if (OperatingSystem.IsWindows())
        {
            // It was started with a console of its own, which nobody sees.
            Console.SetOut(TextWriter.Null);
            return;
        }
        _ = Libc.setsid();
        Environment.CurrentDirectory = "/";
        var callers = Enumerable.Range(0, 3).Select(TargetOf).Where(IsHeldByItsReader).ToHashSet();
        // The runtime keeps copies of the three, under other numbers.
        int[] copies = [.. Descriptors().Where(fd => fd > 2 && callers.Contains(TargetOf(fd)))];
        var nothing = Libc.open("/dev/null", Libc.O_RDWR);
        foreach (var fd in (IEnumerable<int>)[0, 1, 2, .. copies])
        {
            _ = Libc.dup2(nothing, fd);
        }
        if (nothing > 2)
        {
            _ = Libc.close(nothing);
        }
    }

    private static List<int> Descriptors() =>
        [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path.AsSpan()), CultureInfo.InvariantCulture))];

    /// <summary>As in "pipe:[1234]" or "/dev/pts/0"; empty for what is not open.</summary>
    private static string TargetOf(int fd) => new FileInfo($"/proc/self/fd/{fd}").LinkTarget ?? "";

    /// <summary>A pipe, socket or terminal: somebody waits until the last copy is closed. A file may also be the log, which stays.</summary>
    private static bool IsHeldByItsReader(string target) => !target.StartsWith('/') || target.StartsWith("/dev/", StringComparison.Ordinal);
}
