using Microsoft.Extensions.Logging;
using SseCFs.Fuse.Mounting;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Session;

namespace SseCFs.Fuse;

/// <summary>
/// A file system mounted on a directory and served by this process. Disposing it unmounts. The process that serves
/// must not use the mount itself: it could wait for itself. Thread-safe.
/// </summary>
public sealed class FuseMount : IAsyncDisposable
{
    // From cutting the connection to its end.
    private static readonly TimeSpan AbortTime = TimeSpan.FromSeconds(2);

    private readonly FuseSession _session;
    private readonly string? _connection;
    private readonly TimeSpan _patience;

    private FuseMount(FuseSession session, string directory, string? connection, TimeSpan patience)
    {
        _patience = patience;
        _session = session;
        Directory = directory;
        _connection = connection;
    }

    /// <summary>Absolute, without symbolic links.</summary>
    public string Directory { get; }

    /// <summary>Done when serving has ended: unmounted, by whomever, and every operation finished.</summary>
    public Task Completion => _session.Completion;

    /// <summary>Mounts, and returns once the kernel and the file system talk to each other.</summary>
    /// <param name="fileSystem">Served until <see cref="Completion"/>; not disposed. Its invalidation sink is set.</param>
    /// <param name="directory">An existing directory; relative to the current one if not absolute.</param>
    /// <exception cref="FuseMountException">With the reason.</exception>
    public static async Task<FuseMount> MountAsync(
        IFileSystem fileSystem, string directory, FuseMountOptions options, ILogger logger, CancellationToken cancellation = default)
    {
        options.Validate();
        var path = MountPoint.Resolve(directory);
        var fd = (Libc.geteuid() == 0 ? DirectMount.TryMount(path, options) : null) ?? Fusermount.Mount(path, options);
        var entry = MountTable.Find(path);
        var mount = new FuseMount(Serve(fileSystem, fd, options, logger), path, entry?.Minor, options.UnmountPatience);
        mount._session.Descriptors.Mount = entry;
        try
        {
            await mount._session.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            mount.RaiseReadAhead(options.ReadAheadKiB);
            return mount;
        }
        catch
        {
            await mount.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves a connection that is open already: a mounted /dev/fuse, or a socket that plays it.</summary>
    internal static FuseSession Serve(IFileSystem fileSystem, int fd, FuseMountOptions options, ILogger logger)
    {
        var session = new FuseSession(
            fileSystem,
            new FuseDevice(fd),
            new SessionSettings
            {
                ReaderThreads = options.ReaderThreads,
                MaxWrite = options.MaxWrite,
                MaxBytesInFlight = options.MaxBytesInFlight,
                AttributesValid = options.AttributesValid,
                Time = options.Time,
            },
            logger);
        session.Start();
        return session;
    }

    /// <summary>Takes the mount out of the tree; what is open keeps being served if lazy, else it is an error.</summary>
    /// <exception cref="FuseMountException">Busy, not mounted any more, or not permitted.</exception>
    public void Unmount(bool lazy = false) => Unmount(Directory, lazy);

    /// <summary>Unmounts whatever FUSE file system is on a directory, also one that another process serves.</summary>
    /// <exception cref="FuseMountException">Busy, not mounted, or not permitted.</exception>
    public static void Unmount(string directory, bool lazy)
    {
        if (Libc.geteuid() != 0 || !DirectMount.TryUnmount(directory, lazy))
        {
            Fusermount.Unmount(directory, lazy);
        }
    }

    /// <summary>
    /// Unmounts, lazily if files are open, and waits for every operation. Files that stay open are cut off; where the system
    /// offers no way to do that, they are served until this process ends.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!Completion.IsCompleted && IsMounted())
        {
            try
            {
                Unmount();
            }
            catch (FuseMountException busy) when (busy.Reason == FuseMountFailure.Busy)
            {
                Unmount(lazy: true);
            }
            catch (FuseMountException gone) when (gone.Reason == FuseMountFailure.NotMounted)
            {
                // Somebody was faster.
            }
        }
        if (await EndsWithinAsync(_patience).ConfigureAwait(false))
        {
            return;
        }
        if (_session.IsConnected)
        {
            Abort();
            if (!await EndsWithinAsync(AbortTime).ConfigureAwait(false) && _session.IsConnected)
            {
                _session.Log.StillInUse(Directory);
                return;
            }
        }
        // Nothing comes in any more; what was written is still being stored.
        await Completion.ConfigureAwait(false);
    }

    private async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        try
        {
            await Completion.WaitAsync(time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private bool IsMounted() => _connection is not null && MountTable.Find(Directory)?.Minor == _connection;

    /// <summary>See Documentation/filesystems/fuse.rst, "Aborting a filesystem connection": the mount's owner may do it.</summary>
    private void Abort()
    {
        try
        {
            // Only while it is connected: afterwards the number may be another mount's.
            if (_connection is not null && _session.IsConnected)
            {
                File.WriteAllText($"/sys/fs/fuse/connections/{_connection}/abort", "1");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended by itself just now, or /sys/fs/fuse is not mounted: serving ends when the last file is closed.
        }
    }

    /// <summary>
    /// INIT can only lower what the kernel set for the mount's backing device (fs/fuse/inode.c, process_init_reply); sysfs
    /// can raise it. Without it all reads of a sequential reader come in pieces of 128 KiB.
    /// </summary>
    private void RaiseReadAhead(int kibibytes)
    {
        try
        {
            if (_connection is not null && Libc.geteuid() == 0)
            {
                File.WriteAllText($"/sys/class/bdi/0:{_connection}/read_ahead_kb", $"{kibibytes}");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A container's sysfs may be read-only; reads then come in smaller pieces.
        }
    }
}
