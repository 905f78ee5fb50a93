using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SseCFs.Fuse.Native;

namespace SseCFs.Fuse.Mounting;

/// <summary>
/// Mounts through fusermount3, the set-uid helper of libfuse: it opens the device, mounts, and passes the descriptor
/// back over the socket whose number is in _FUSE_COMMFD.
/// </summary>
internal static class Fusermount
{
    private const string Helper = "fusermount3";

    /// <summary>The device's descriptor.</summary>
    public static int Mount(string directory, FuseMountOptions options)
    {
        var (ours, theirs) = MakeSocketPair();
        try
        {
            string[] arguments = ["-o", OptionsFor(options), "--", directory];
            var (exitCode, message) = Run(arguments, theirs);
            if (exitCode != 0)
            {
                throw Refusal(directory, message);
            }
            return ReceiveDescriptor(ours)
                ?? throw new FuseMountException(FuseMountFailure.Other, $"{Helper} mounted {directory} and sent no descriptor: {message}");
        }
        finally
        {
            _ = Libc.close(ours);
            _ = Libc.close(theirs);
        }
    }

    public static void Unmount(string directory, bool lazy)
    {
        string[] arguments = lazy ? ["-u", "-z", "--", directory] : ["-u", "--", directory];
        var (exitCode, message) = Run(arguments, socket: null);
        if (exitCode == 0)
        {
            return;
        }
        throw message.Contains("busy", StringComparison.OrdinalIgnoreCase)
            ? new FuseMountException(FuseMountFailure.Busy, $"{directory}: files on it are in use")
            : message.Contains("not found", StringComparison.Ordinal) || message.Contains("Invalid argument", StringComparison.Ordinal)
                ? new FuseMountException(FuseMountFailure.NotMounted, $"{directory}: not mounted")
                : new FuseMountException(FuseMountFailure.NotPermitted, $"{directory}: {message}");
    }

    /// <summary>In values, the helper takes a backslash before a comma or a backslash.</summary>
    internal static string OptionsFor(FuseMountOptions options)
    {
        var all = new List<string>(MountFlagTable.Options(options.Flags)) { "default_permissions" };
        if (options.AllowOther)
        {
            all.Add("allow_other");
        }
        all.Add("fsname=" + Escape(options.Source));
        all.Add("subtype=" + Escape(options.Subtype));
        return string.Join(',', all);
    }

    internal static FuseMountException Refusal(string directory, string message) => message switch
    {
        _ when message.Contains("user_allow_other", StringComparison.Ordinal) => new FuseMountException(
            FuseMountFailure.AllowOtherForbidden, "allow_other needs the line user_allow_other in /etc/fuse.conf"),
        _ when message.Contains("fuse device not found", StringComparison.Ordinal) ||
            message.Contains("failed to open /dev/fuse", StringComparison.Ordinal) => new FuseMountException(
                FuseMountFailure.DeviceMissing, $"/dev/fuse cannot be used: {message}"),
        _ when message.Contains("busy", StringComparison.OrdinalIgnoreCase) => new FuseMountException(
            FuseMountFailure.Busy, $"{directory}: busy"),
        _ when message.Contains("has no write access", StringComparison.Ordinal) ||
            message.Contains("ermission denied", StringComparison.Ordinal) ||
            message.Contains("not permitted", StringComparison.Ordinal) ||
            message.Contains("not owned by user", StringComparison.Ordinal) => new FuseMountException(
                FuseMountFailure.NotPermitted, $"{directory}: {message}"),
        _ => new FuseMountException(FuseMountFailure.Other, $"{directory}: {message}"),
    };

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    private static (int ExitCode, string Message) Run(string[] arguments, int? socket)
    {
        var start = new ProcessStartInfo(Find(), arguments) { RedirectStandardError = true, UseShellExecute = false };
        // Messages are matched, so they must be the English ones.
        start.Environment["LC_ALL"] = "C";
        if (socket is { } fd)
        {
            start.Environment["_FUSE_COMMFD"] = fd.ToString(CultureInfo.InvariantCulture);
        }
        using var process = Process.Start(start)!;
        var message = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        const string Prefix = Helper + ": ";
        return (process.ExitCode, message.StartsWith(Prefix, StringComparison.Ordinal) ? message[Prefix.Length..] : message);
    }

    private static string Find()
    {
        string[] places = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/bin", "/bin", "/usr/local/bin"];
        return places.Where(place => place.Length > 0).Select(place => Path.Combine(place, Helper)).FirstOrDefault(File.Exists)
            ?? throw new FuseMountException(
                FuseMountFailure.FusermountMissing, $"{Helper} is missing: install fuse3, or mount as root");
    }

    private static unsafe (int Ours, int Theirs) MakeSocketPair()
    {
        var pair = stackalloc int[2];
        if (Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM, 0, pair) != 0)
        {
            throw new FuseMountException(
                FuseMountFailure.Other, $"socketpair(2): {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
        // The other one is inherited under its own number.
        _ = Libc.fcntl(pair[0], Libc.F_SETFD, Libc.FD_CLOEXEC);
        return (pair[0], pair[1]);
    }

    /// <summary>One SCM_RIGHTS message with one descriptor, see unix(7) and cmsg(3).</summary>
    private static unsafe int? ReceiveDescriptor(int socket)
    {
        // struct cmsghdr: length (8 bytes), level, type; then the descriptor, padded to 8.
        const int ControlHeader = 16;
        var control = stackalloc ulong[3];
        byte data;
        var vector = new IoVector { Base = &data, Length = 1 };
        var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 24 };
        if (Libc.recvmsg(socket, &message, Libc.MSG_CMSG_CLOEXEC) <= 0 || message.ControlLength < ControlHeader + sizeof(int))
        {
            return null;
        }
        var header = (int*)control;
        var isDescriptor = header[2] == Libc.SOL_SOCKET && header[3] == Libc.SCM_RIGHTS;
        return isDescriptor ? header[4] : null;
    }
}
