using System.Globalization;
using System.Text;

namespace SseCFs.Fuse.Mounting;

/// <param name="Id">Tells mounts apart; those of one file system in several places have several.</param>
/// <param name="Device">Major and minor number, as in "0:42"; the minor one names the connection in /sys/fs/fuse/connections.</param>
/// <param name="Type">As in "fuse.ssecfs".</param>
/// <param name="Owner">Of a FUSE mount: the user who mounted it (user_id among the super block's options); else null.</param>
public readonly record struct MountEntry(int Id, string Device, string Directory, string Type, uint? Owner)
{
    internal string Minor => Device[(Device.IndexOf(':', StringComparison.Ordinal) + 1)..];
}

/// <summary>/proc/self/mountinfo, see proc_pid_mountinfo(5).</summary>
public static class MountTable
{
    /// <summary>What is mounted on the directory, the topmost if several are; null if nothing is.</summary>
    /// <param name="directory">Absolute, without symbolic links.</param>
    public static MountEntry? Find(string directory) => Find(File.ReadLines("/proc/self/mountinfo"), directory);

    internal static MountEntry? Find(IEnumerable<string> lines, string directory)
    {
        MountEntry? found = null;
        foreach (var line in lines)
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-", 5);
            if (dash > 0 && dash + 1 < fields.Length && Unescape(fields[4]) == directory)
            {
                // Later lines are later mounts, on top of the earlier ones.
                var id = int.Parse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture);
                found = new MountEntry(id, fields[2], directory, fields[dash + 1], OwnerIn(fields[^1]));
            }
        }
        return found;
    }

    /// <summary>Of a mount, by its <see cref="MountEntry.Id"/>; null if it is not in the table.</summary>
    internal static string? DeviceOf(IEnumerable<string> lines, int id)
    {
        var start = string.Create(CultureInfo.InvariantCulture, $"{id} ");
        return lines.FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))?.Split(' ', 4)[2];
    }

    private static uint? OwnerIn(string superOptions)
    {
        const string Name = "user_id=";
        var option = superOptions.Split(',').FirstOrDefault(option => option.StartsWith(Name, StringComparison.Ordinal));
        return option is not null && uint.TryParse(option.AsSpan(Name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var owner) ? owner : null;
    }

    /// <summary>Space, tab, newline and backslash are written as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }
        var result = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                var octal = int.Parse(field.AsSpan(i + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture);
                result.Append((char)((octal / 100 * 64) + (octal / 10 % 10 * 8) + (octal % 10)));
                i += 3;
            }
            else
            {
                result.Append(field[i]);
            }
        }
        return result.ToString();
    }
}
