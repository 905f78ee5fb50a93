using System.Runtime.InteropServices;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Mounting;

/// <summary>SIGTERM and SIGINT end a mount, and SIGHUP has its keys loaded anew; in the foreground of a terminal, SIGHUP says that it was closed, and ends the mount, too.</summary>
internal sealed class MountSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations;

    public MountSignals(Action<PosixSignal> stop, Action reload, LogPlace place)
    {
        // Asked for now: once it is closed there is none.
        var hasTerminal = place == LogPlace.Foreground && HasTerminal();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            if (context.Signal == PosixSignal.SIGHUP && !hasTerminal)
            {
                reload();
            }
            else
            {
                stop(context.Signal);
            }
        }
        _registrations = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

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
