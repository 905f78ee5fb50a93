namespace SseCFs.Fuse.Mounting;

/// <summary>Each mount flag as mount(2) takes it (MS_* of linux/mount.h) and as fusermount3 takes it.</summary>
internal static class MountFlagTable
{
    public static IReadOnlyList<(FuseMountFlags Flag, uint Bit, string Option)> Rows { get; } =
    [
        (FuseMountFlags.ReadOnly, 1, "ro"),
        (FuseMountFlags.NoSetUserId, 2, "nosuid"),
        (FuseMountFlags.NoDevices, 4, "nodev"),
        (FuseMountFlags.NoExecute, 8, "noexec"),
        (FuseMountFlags.Synchronous, 16, "sync"),
        (FuseMountFlags.SynchronousDirectories, 128, "dirsync"),
        (FuseMountFlags.NoAccessTime, 1024, "noatime"),
        (FuseMountFlags.NoDirectoryAccessTime, 2048, "nodiratime"),
        // What the kernel does when none of the four is given; fusermount3 does not know the words.
        (FuseMountFlags.RelativeAccessTime, 1 << 21, ""),
        (FuseMountFlags.StrictAccessTime, 1 << 24, ""),
    ];

    public static uint Bits(FuseMountFlags flags) =>
        Rows.Where(row => flags.HasFlag(row.Flag)).Aggregate(0u, (bits, row) => bits | row.Bit);

    public static IEnumerable<string> Options(FuseMountFlags flags) =>
        Rows.Where(row => flags.HasFlag(row.Flag) && row.Option.Length > 0).Select(row => row.Option);
}
