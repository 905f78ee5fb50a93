using System.Runtime.InteropServices;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Mounting;

/// <summary>Mounts by mount(2), which takes CAP_SYS_ADMIN.</summary>
internal static class DirectMount
{
    private const string DevicePath = "/dev/fuse";

    /// <summary>The device's descriptor, or null if this process may not mount by itself.</summary>
    public static int? TryMount(string directory, FuseMountOptions options)
    {
        var fd = Libc.open(DevicePath, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (fd < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno switch
            {
                Errno.ENOENT or Errno.ENXIO or Errno.ENODEV => throw new FuseMountException(
                    FuseMountFailure.DeviceMissing,
                    $"{DevicePath} is missing: load the kernel module (modprobe fuse), or give the container the device"),
                Errno.EACCES or Errno.EPERM => null,
                _ => throw new FuseMountException(
                    FuseMountFailure.Other, $"{DevicePath}: {Marshal.GetPInvokeErrorMessage(errno)}"),
            };
        }
        // See Documentation/filesystems/fuse.rst, "Mount options"; rootmode is octal.
        var data = $"fd={fd},rootmode=40000,user_id={Libc.getuid()},group_id={Libc.getgid()},default_permissions"
            + (options.AllowOther ? ",allow_other" : "");
        if (Libc.mount(options.Source, directory, "fuse." + options.Subtype, MountFlagTable.Bits(options.Flags), data) == 0)
        {
            return fd;
        }
        var failure = Marshal.GetLastPInvokeError();
        _ = Libc.close(fd);
        return failure switch
        {
            Errno.EPERM or Errno.EACCES => null,
            Errno.ENODEV => throw new FuseMountException(FuseMountFailure.DeviceMissing, "the kernel has no FUSE: load the module (modprobe fuse)"),
            Errno.EBUSY => throw new FuseMountException(FuseMountFailure.Busy, $"{directory}: busy"),
            Errno.ENOENT => throw new FuseMountException(FuseMountFailure.DirectoryMissing, $"{directory}: no such directory"),
            Errno.ENOTDIR => throw new FuseMountException(FuseMountFailure.NotADirectory, $"{directory}: not a directory"),
            _ => throw new FuseMountException(
                FuseMountFailure.Other, $"{directory}: mount(2): {Marshal.GetPInvokeErrorMessage(failure)}"),
        };
    }

    /// <summary>False if this process may not unmount by itself.</summary>
    /// <param name="directory">The mount's directory.</param>
    /// <param name="lazy">Out of the tree at once, even if files are open; serving goes on until they are closed.</param>
    public static bool TryUnmount(string directory, bool lazy)
    {
        if (Libc.umount2(directory, Libc.UMOUNT_NOFOLLOW | (lazy ? Libc.MNT_DETACH : 0)) == 0)
        {
            return true;
        }
        var errno = Marshal.GetLastPInvokeError();
        return errno switch
        {
            Errno.EPERM => false,
            Errno.EBUSY => throw new FuseMountException(FuseMountFailure.Busy, $"{directory}: files on it are in use"),
            Errno.EINVAL or Errno.ENOENT => throw new FuseMountException(FuseMountFailure.NotMounted, $"{directory}: not mounted"),
            _ => throw new FuseMountException(
                FuseMountFailure.Other, $"{directory}: umount2(2): {Marshal.GetPInvokeErrorMessage(errno)}"),
        };
    }
}
