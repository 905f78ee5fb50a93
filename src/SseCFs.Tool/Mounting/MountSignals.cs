using System.Runtime.InteropServices;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Mounting.Windows;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Mounting;

/// <summary>SIGTERM and SIGINT end a mount, and SIGHUP has its keys loaded anew; in the foreground of a terminal, SIGHUP says that it was closed, and ends the mount, too. So does the end of the user's session on Windows.</summary>
internal sealed class MountSignals : IDisposable
{
    private readonly List<IDisposable> _registrations;

    public MountSignals(Action<string> stop, Action reload, LogPlace place)
    {
        // Asked for now: once it is closed there is none. On Windows, SIGHUP is what .NET makes of a console that is closed, and of nothing else.
        var hasTerminal = OperatingSystem.IsWindows() || place == LogPlace.Foreground && HasTerminal();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            if (context.Signal == PosixSignal.SIGHUP && !hasTerminal)
            {
                reload();
            }
            else
            {
                stop(context.Signal.ToString());
            }
        }
        _registrations = [.. Signals().Select(signal => PosixSignalRegistration.Create(signal, Handle))];
        if (OperatingSystem.IsWindows() && SessionEnd.TryWatch(stop) is { } session)
        {
            _registrations.Add(session);
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    /// <summary>On Windows, SIGQUIT is Ctrl-Break, by which WinFsp's launcher ends what it has started.</summary>
    private static PosixSignal[] Signals() => OperatingSystem.IsWindows()
        ? [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT]
        : [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP];

    /// <summary>/dev/tty is the controlling terminal, and cannot be opened by a process that has none (tty(4)).</summary>
    private static bool HasTerminal()
    {
        var terminal = Libc.open("/dev/tty", Libc.O_RDWR);
        if (terminal < 0)
        {
            return false;
        }
        _ = Libc.close(terminal);
        return true;
    }
}
