using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.WinFsp;

namespace SseCFs.Tool.Mounting.Windows;

/// <summary>As a drive, by WinFsp.</summary>
internal sealed class WindowsMounts : IMountSystem
{
    /// <summary>What stands in the files' metadata for users of Unix, where a Linux mount shows it: the number that most systems give their first user.</summary>
    private const uint FirstUser = 1000;

    public string Check(MountSettings settings) => DrivePlace.Parse(settings.Directory).MountPoint ?? FreeLetter();

    /// <summary>The driver holds them.</summary>
    public long BytesInFlight(MountSettings settings) => 0;

    public SseFileSystemOptions Complete(SseFileSystemOptions options, MountSettings settings) => options with
    {
        Uid = settings.Uid ?? FirstUser,
        Gid = settings.Gid ?? FirstUser,
        KeepCreationTime = true,
        // A drive asks for the names that it was just told one by one: dropped, each of them would be a request.
        MostNames = int.MaxValue,
    };

    public async Task<IServedMount> MountAsync(SseFileSystem fileSystem, string place, MountSettings settings, ILoggerFactory logs, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }
        WinFspLibrary.Load();
        var options = new DriveOptions
        {
            Label = settings.Bucket.ToString(),
            Owners = WindowsSecurity.Owners(settings.Uid, settings.Gid),
            Security = settings.Sddl is { } sddl ? WindowsSecurity.Parse(sddl) : null,
            Uid = settings.Uid ?? FirstUser,
            Gid = settings.Gid ?? FirstUser,
            Umask = settings.Umask ?? SseFileSystemOptions.UsualUmask,
            AllowOthers = settings.AllowOther,
            IsReadOnly = settings.IsReadOnly,
            NetworkName = settings.NetworkName ?? DrivePlace.Parse(settings.Directory).NetworkName,
        };
        return new Served(await DriveMount.MountAsync(fileSystem, place, options, logs.CreateLogger("drive")).ConfigureAwait(false));
    }

    public string? ToTell(MountSettings settings, string place) => DrivePlace.Parse(settings.Directory).MountPoint is null ? place : null;

    public string Resolve(string place) => DrivePlace.Parse(place).MountPoint
        ?? throw new ToolException(ExitCode.Directory, $"{place}: name the drive by its letter or folder");

    /// <summary>Each user's processes are asked by that user.</summary>
    public uint OwnerOf(string place) => 0;

    /// <summary>WinFsp takes a drive away when its process ends.</summary>
    public string UnmountAbandoned(string place, bool lazy) => throw new ToolException(ExitCode.Directory, $"{place}: no process of ssecfs serves it");

    /// <summary>As WinFsp chooses, but known before, since commands find the mount by it.</summary>
    private static string FreeLetter()
    {
        var taken = DriveInfo.GetDrives().Select(drive => char.ToUpperInvariant(drive.Name[0])).ToHashSet();
        for (var letter = 'Z'; letter >= 'D'; letter--)
        {
            if (!taken.Contains(letter))
            {
                return $"{letter}:";
            }
        }
        throw new ToolException(ExitCode.Directory, "no drive letter is free: name a folder that does not exist yet");
    }

    private sealed class Served(DriveMount mount) : IServedMount
    {
        public string Place => mount.MountPoint;

        public Task Completion => mount.Completion;

        /// <summary>WinFsp closes what is open; there is no waiting for programs.</summary>
        public void Unmount(bool lazy) => _ = mount.DisposeAsync().AsTask();

        public ValueTask DisposeAsync() => mount.DisposeAsync();
    }
}
