using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Tool.Mounting.Linux;
using SseCFs.Tool.Mounting.Windows;

namespace SseCFs.Tool.Mounting;

/// <summary>What of mounting differs between the systems. Stateless.</summary>
internal interface IMountSystem
{
    static IMountSystem Current { get; } = OperatingSystem.IsWindows() ? new WindowsMounts() : new LinuxMounts();

    /// <summary>Looks at the place before the service is asked anything, so that a wrong one is told at once.</summary>
    /// <returns>The place in the form that names it everywhere.</returns>
    /// <exception cref="ToolException">It cannot be mounted on.</exception>
    string Check(MountSettings settings);

    /// <summary>The part of the memory that requests on their way hold, in bytes.</summary>
    long BytesInFlight(MountSettings settings);

    /// <summary>Completes what the system decides of a file system's options.</summary>
    SseFileSystemOptions Complete(SseFileSystemOptions options, MountSettings settings);

    /// <summary>Mounts, and returns once programs can use it.</summary>
    Task<IServedMount> MountAsync(SseFileSystem fileSystem, string place, MountSettings settings, ILoggerFactory logs, CancellationToken cancellation);

    /// <summary>What the person who mounted does not know yet: the place, if that was left to us. Null: nothing.</summary>
    string? ToTell(MountSettings settings, string place);

    /// <summary>The place in the form of <see cref="Check"/>, whatever has become of the mount.</summary>
    /// <exception cref="ToolException">There is no such place.</exception>
    string Resolve(string place);

    /// <summary>The user whose process serves there, as a number; the caller's if that cannot be told.</summary>
    uint OwnerOf(string place);

    /// <summary>Unmounts what no process answers for.</summary>
    /// <returns>What became of it, for a person.</returns>
    /// <exception cref="ToolException">It is not ours, or not there.</exception>
    string UnmountAbandoned(string place, bool lazy);
}
