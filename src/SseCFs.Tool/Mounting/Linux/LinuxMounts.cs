using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Fuse;
using SseCFs.Fuse.Mounting;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Mounting.Linux;

/// <summary>On a directory, by FUSE.</summary>
internal sealed class LinuxMounts : IMountSystem
{
    private const long MostInFlight = 64L << 20;

    public string Check(MountSettings settings) => MountDirectory.Check(settings.Directory, settings.NonEmpty);

    public long BytesInFlight(MountSettings settings) => settings.Memory is { } memory ? Math.Min(memory / 8, MostInFlight) : MostInFlight;

    public SseFileSystemOptions Complete(SseFileSystemOptions options, MountSettings settings) => options with
    {
        Uid = settings.Uid ?? Libc.getuid(),
        Gid = settings.Gid ?? Libc.getgid(),
    };

    public async Task<IServedMount> MountAsync(SseFileSystem fileSystem, string place, MountSettings settings, ILoggerFactory logs, CancellationToken cancellation)
    {
        var options = new FuseMountOptions
        {
            Source = settings.Bucket.ToString(),
            AllowOther = settings.AllowOther,
            Flags = settings.Flags,
            MaxBytesInFlight = BytesInFlight(settings),
            Time = TimeProvider.System,
        };
        return new Served(await FuseMount.MountAsync(fileSystem, place, options, logs.CreateLogger("fuse"), cancellation).ConfigureAwait(false));
    }

    public string? ToTell(MountSettings settings, string place) => null;

    /// <summary>Like realpath(3), also for a directory whose mount has lost its process, which cannot be looked at.</summary>
    public string Resolve(string place)
    {
        if (Libc.RealPath(place) is { } resolved)
        {
            return resolved;
        }
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(place));
        return Path.GetDirectoryName(full) is { } parent && Libc.RealPath(parent) is { } resolvedParent
            ? Path.Combine(resolvedParent, Path.GetFileName(full))
            : throw new ToolException(ExitCode.Directory, $"{place}: no such directory");
    }

    public uint OwnerOf(string place) => MountTable.Find(place)?.Owner ?? Libc.getuid();

    public string UnmountAbandoned(string place, bool lazy)
    {
        if (MountTable.Find(place) is not { } entry)
        {
            throw new ToolException(ExitCode.Directory, $"{place}: nothing is mounted there");
        }
        if (entry.Type != "fuse.ssecfs")
        {
            throw new ToolException(ExitCode.Directory, $"{place}: not a mount of ssecfs, but of type {entry.Type}; umount unmounts it");
        }
        var isDead = Libc.access(place, 0) != 0 && Marshal.GetLastPInvokeError() == Libc.ENOTCONN;
        FuseMount.Unmount(place, lazy || isDead);
        return isDead
            ? "its process was gone already; what its journal has of what was not stored, the next mount stores"
            : "unmounted; its process does not answer, and may still be storing";
    }

    private sealed class Served(FuseMount mount) : IServedMount
    {
        public string Place => mount.Directory;

        public Task Completion => mount.Completion;

        public void Unmount(bool lazy)
        {
            try
            {
                mount.Unmount(lazy);
            }
            catch (FuseMountException gone) when (gone.Reason == FuseMountFailure.NotMounted)
            {
                // By hand, a moment ago: what is left is to be stored.
            }
            catch (FuseMountException exception)
            {
                var message = exception.Reason == FuseMountFailure.Busy
                    ? $"{Place}: busy, files on it are in use (fuser -vm {Place} names the programs); end them, or give --lazy"
                    : exception.Message;
                throw new ToolException(FailureText.Of(exception.Reason), message, exception);
            }
        }

        public ValueTask DisposeAsync() => mount.DisposeAsync();
    }
}
