using System.Runtime.CompilerServices;
using Fsp;
using Microsoft.Extensions.Logging;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Session;

namespace SseCFs.WinFsp;

/// <summary>A file system mounted as a drive and served by this process. Disposing it takes the drive away. Thread-safe.</summary>
public sealed class DriveMount : IAsyncDisposable
{
    private readonly FileSystemHost _host;
    private readonly DriveFileSystem _fileSystem;
    private int _isDisposed;

    private DriveMount(FileSystemHost host, DriveFileSystem fileSystem)
    {
        _host = host;
        _fileSystem = fileSystem;
        MountPoint = host.MountPoint();
    }

    /// <summary>The drive letter with its colon, the folder, or the network name.</summary>
    public string MountPoint { get; }

    /// <summary>Done when serving has ended, and every request has been answered.</summary>
    public Task Completion => _fileSystem.Completion;

    /// <summary>Mounts, and returns once programs can use the drive.</summary>
    /// <param name="fileSystem">Served until <see cref="Completion"/>; not disposed. Its invalidation sink is set.</param>
    /// <param name="mountPoint">A letter with a colon, a folder that does not exist yet, or null for the next free letter from Z: downwards.</param>
    /// <exception cref="DriveMountException">With the reason.</exception>
    public static async Task<DriveMount> MountAsync(IFileSystem fileSystem, string? mountPoint, DriveOptions options, ILogger logger)
    {
        try
        {
            return await StartAsync(fileSystem, mountPoint, options, logger).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TypeInitializationException or DllNotFoundException or FileNotFoundException or TypeLoadException or PlatformNotSupportedException)
        {
            throw DriveMountException.WinFspMissing(exception);
        }
    }

    /// <summary>By itself, as without WinFsp's library not even its variables have a type.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<DriveMount> StartAsync(IFileSystem fileSystem, string? mountPoint, DriveOptions options, ILogger logger)
    {
        var drive = new DriveFileSystem(fileSystem, options, logger);
        try
        {
            var host = new FileSystemHost(drive);
            drive.Connect(new WinFspHost(host));
            return host.MountEx(mountPoint, (uint)options.Threads) is < 0 and var status
                ? throw DriveMountException.Of(status, mountPoint)
                : new DriveMount(host, drive);
        }
        catch
        {
            await drive.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes the drive away, whatever is open, and waits for every request.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            // It waits for WinFsp's threads, and may be called on one of the pool's that they wait for.
            await Task.Factory.StartNew(_host.Unmount, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        await Completion.ConfigureAwait(false);
    }
}
