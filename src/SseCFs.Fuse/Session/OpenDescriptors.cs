using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using SseCFs.Fuse.Mounting;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>
/// Tells whether a process still has descriptors of a file that it opened for writing: the kernel sends a FLUSH for every close(2), also of
/// a duplicate, and does not say whether it was the last. The answer is in /proc/TID/fdinfo (proc_pid_fdinfo(5)). Thread-safe.
/// </summary>
/// <remarks>
/// The kernel takes a descriptor out of its table before it sends the FLUSH: close(2) and close_range(2) in file_close_fd_locked, dup2(2)
/// in do_dup2, execve(2) in do_close_on_exec; exit(2) drops the whole table in exit_files (fs/file.c). Those in the table are others.
/// Reading fdinfo sends no request to this mount, for which it would wait itself: it shows what the kernel has in memory. Where the process
/// closes the file at the same time, the reader drops the last reference, and the RELEASE that follows waits for nobody.
/// kcmp(2) could compare open files, but waits for a process in execve(2) (exec_update_lock), which may be waiting for the FLUSH.
/// </remarks>
internal sealed class OpenDescriptors
{
    /// <summary>Most descriptors of one process that are looked at: a close must not take long.</summary>
    internal const int MostLookedAt = 256;

    /// <summary>A process that is stuck in the kernel may hold up whoever looks at it in /proc; so many threads at most, and no reader of requests.</summary>
    private const int MostAtOnce = 4;

    /// <summary>A close does not wait longer for the answer.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private static readonly SemaphoreSlim Looking = new(MostAtOnce);

    private readonly ConcurrentDictionary<ulong, uint> _openers = new();

    /// <summary>What is served; null while that is not known, and if it is no mount.</summary>
    public MountEntry? Mount { get; set; }

    /// <summary>A thread has opened a file for writing.</summary>
    /// <param name="thread">0: it is in a process namespace that cannot be seen from here.</param>
    public void Opened(ulong handle, uint thread)
    {
        if (thread != 0)
        {
            _openers[handle] = thread;
        }
    }

    public void Released(ulong handle) => _openers.TryRemove(handle, out _);

    /// <summary>
    /// Whether the process that opened the handle has a descriptor of the inode that can write. False also where that cannot be told: the
    /// thread that opened it is gone, may not be looked at, does not answer, or has too many descriptors, or Linux is older than 5.14 and
    /// tells no inodes.
    /// </summary>
    public ValueTask<bool> OpenerHasAsync(ulong handle, ulong inode) =>
        Mount is { } mount && _openers.TryGetValue(handle, out var thread) ? new(AskAsync(() => Has(thread, inode, mount))) : new(false);

    /// <summary>Lets another thread look. False where it takes too long.</summary>
    internal static async Task<bool> AskAsync(Func<bool> look)
    {
        if (!await Looking.WaitAsync(Longest).ConfigureAwait(false))
        {
            return false;
        }
        var looking = Task.Run(() =>
        {
            try
            {
                return look();
            }
            finally
            {
                Looking.Release();
            }
        });
        try
        {
            return await looking.WaitAsync(Longest).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    internal static bool Has(uint thread, ulong inode, in MountEntry mount)
    {
        try
        {
            var looked = 0;
            // Not /proc/TID/fd: to tell whether an entry is a directory, .NET follows links, and these lead into the mount.
            foreach (var path in Directory.EnumerateFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/fdinfo")))
            {
                if (looked++ == MostLookedAt)
                {
                    return false;
                }
                if (Read(path) is { CanWrite: true } found && found.Inode == inode
                    && (found.Mount == mount.Id || IsOn(thread, found.Mount, mount.Device)))
                {
                    return true;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended, or is another user's.
        }
        return false;
    }

    /// <summary>
    /// What is bound elsewhere, or seen in another mount namespace, has another number there. Inode numbers alone say little: other file
    /// systems have the same.
    /// </summary>
    private static bool IsOn(uint thread, int mount, string device) =>
        MountTable.DeviceOf(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/mountinfo")), mount) == device;

    /// <returns>Null: the descriptor was closed meanwhile, or Linux does not tell enough.</returns>
    private static unsafe Descriptor? Read(string path)
    {
        // Four lines come first; those on locks may follow.
        var buffer = stackalloc byte[256];
        var fd = Libc.open(path, Libc.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }
        var length = Libc.read(fd, buffer, 256);
        _ = Libc.close(fd);
        return length <= 0 ? null : Parse(new ReadOnlySpan<byte>(buffer, (int)length));
    }

    internal static Descriptor? Parse(ReadOnlySpan<byte> text) =>
        TryRead(text, "flags:\t"u8, out var flags, isOctal: true)
            && TryRead(text, "mnt_id:\t"u8, out var mount)
            && TryRead(text, "ino:\t"u8, out var inode)
            ? new Descriptor((flags & LinuxOpenFlags.AccessMode) != 0, (int)mount, inode)
            : null;

    private static bool TryRead(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name, out ulong value, bool isOctal = false)
    {
        value = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (!line.StartsWith(name))
            {
                continue;
            }
            var digits = line[name.Length..];
            if (!isOctal)
            {
                return Utf8Parser.TryParse(digits, out value, out _);
            }
            foreach (var digit in digits)
            {
                value = (value << 3) + (ulong)(digit - '0');
            }
            return true;
        }
        return false;
    }

    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Descriptor(bool CanWrite, int Mount, ulong Inode);
}
