using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>What both sides agreed on at INIT.</summary>
internal readonly record struct Protocol(uint Major, uint Minor, InitFlags Flags, uint MaxWrite, ushort MaxPages);

/// <summary>The INIT exchange; see "Version negotiation" in linux/fuse.h.</summary>
internal static class Negotiation
{
    public const uint Major = 7;

    /// <summary>The header this adapter was written against.</summary>
    public const uint Minor = 38;

    /// <summary>Linux 5.2. Before it, FUSE_EXPLICIT_INVAL_DATA and with it control over cached pages are missing.</summary>
    public const uint OldestMinor = 31;

    // Requests the kernel starts on its own (read-ahead, write-back) in parallel.
    private const ushort MaxBackground = 64;
    private const uint MaxReadahead = 1 << 20;
    private const int PageSize = 4096;

    // Not asked for:
    // - write-back cache: close and fsync must see every write, and sizes must not be invented by the kernel;
    // - POSIX and BSD locks: left out, the kernel keeps them itself, on this machine only;
    // - cached symlinks: their pages are dropped by notification only, never on a changed attribute;
    // - zero-message OPEN and OPENDIR: both make handles here;
    // - asynchronous direct I/O: Linux drops the cached pages of a direct write again when a synchronous one has ended (generic_file_direct_write in mm/filemap.c). For an
    //   asynchronous one that is left to the file system, and FUSE does not do it (fuse_aio_complete in fs/fuse/file.c, 6.18): a page that was read in between would stay
    //   old. Dropping it by a notification waits for pages that are being read, and a process that waits so cannot be killed.
    private const InitFlags Wanted =
        InitFlags.AsyncRead |
        InitFlags.AtomicTruncate |
        InitFlags.BigWrites |
        InitFlags.ReadDirPlus |
        InitFlags.ReadDirPlusAuto |
        InitFlags.ParallelDirectoryOperations |
        InitFlags.MaxPages |
        InitFlags.ExplicitInvalidation |
        InitFlags.HandleKillPrivilegesV2;

    /// <summary>Whether the kernel's version can be served; a newer major one can, it will come down.</summary>
    public static bool IsSupported(in InitIn offer) =>
        offer.Major > Major || (offer.Major == Major && offer.Minor >= OldestMinor);

    /// <summary>The answer to a supported offer, and what then holds.</summary>
    public static InitOut Answer(in InitIn offer, int maxWrite, out Protocol agreed)
    {
        if (offer.Major > Major)
        {
            // Only the version counts in this answer; the kernel sends INIT again.
            agreed = default;
            return new InitOut { Major = Major, Minor = Minor };
        }
        var flags = (InitFlags)offer.Flags & Wanted;
        var maxPages = (ushort)((maxWrite + PageSize - 1) / PageSize);
        agreed = new Protocol(Major, Math.Min(offer.Minor, Minor), flags, (uint)maxWrite, maxPages);
        return new InitOut
        {
            Major = Major,
            Minor = agreed.Minor,
            // The kernel takes the smaller of this and what the mount's backing device info says.
            MaxReadahead = Math.Max(offer.MaxReadahead, MaxReadahead),
            Flags = (uint)flags,
            MaxBackground = MaxBackground,
            CongestionThreshold = MaxBackground * 3 / 4,
            MaxWrite = (uint)maxWrite,
            TimeGranularity = 1,
            MaxPages = (flags & InitFlags.MaxPages) != 0 ? maxPages : (ushort)0,
        };
    }
}
