namespace SseCFs.Fuse;

/// <summary>Why a directory could not be mounted or unmounted.</summary>
public enum FuseMountFailure
{
    DirectoryMissing,

    NotADirectory,

    /// <summary>The directory cannot be looked at, or a mount on it lost its server (ENOTCONN): unmount that first.</summary>
    DirectoryUnusable,

    /// <summary>A FUSE file system is mounted on the directory already.</summary>
    AlreadyMounted,

    /// <summary>Mounting: the kernel says the place is taken. Unmounting: files are open.</summary>
    Busy,

    /// <summary>No /dev/fuse: the kernel lacks FUSE, or the container was not given the device.</summary>
    DeviceMissing,

    /// <summary>An ordinary user mounts through fusermount3 (Debian: package fuse3), and it is not installed.</summary>
    FusermountMissing,

    /// <summary>allow_other as an ordinary user needs user_allow_other in /etc/fuse.conf.</summary>
    AllowOtherForbidden,

    NotPermitted,

    /// <summary>Nothing is mounted there.</summary>
    NotMounted,

    /// <summary>Older than FUSE 7.31.</summary>
    KernelTooOld,

    /// <summary>The connection ended before the mount was ready.</summary>
    ConnectionLost,

    Other,
}

/// <summary>A directory could not be mounted or unmounted: the reason and a sentence for a person.</summary>
public sealed class FuseMountException(FuseMountFailure reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public FuseMountFailure Reason { get; } = reason;
}
