using System.Globalization;

namespace SseCFs.Fuse.Session;

/// <summary>
/// The groups of a thread besides the one that its requests carry, from /proc/TID/status (proc_pid_status(5)); a thread with CAP_FSETID counts as in every group
/// (in_group_or_capable in fs/inode.c of Linux).
/// </summary>
internal static class ThreadGroups
{
    private const ulong SetIdCapability = 1UL << 4;

    /// <summary>Made once: a request's caller carries it.</summary>
    public static readonly Func<uint, uint, bool> Includes = Read;

    internal static bool Include(IEnumerable<string> status, uint group)
    {
        foreach (var line in status)
        {
            switch (line.Split(':', 2))
            {
                case ["Groups", var groups] when groups.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Contains(group.ToString(CultureInfo.InvariantCulture)):
                    return true;
                case ["CapEff", var mask]:
                    return (ulong.Parse(mask.AsSpan().Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & SetIdCapability) != 0;
            }
        }
        return false;
    }

    /// <summary>False also where it cannot be told: a bit too many is the worse mistake.</summary>
    private static bool Read(uint thread, uint group)
    {
        try
        {
            return Include(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/status")), group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
