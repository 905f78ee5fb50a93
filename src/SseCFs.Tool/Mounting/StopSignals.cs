using System.Runtime.InteropServices;
using SseCFs.Tool.Logging;

namespace SseCFs.Tool.Mounting;

/// <summary>SIGTERM and SIGINT; SIGHUP, too, where a terminal that closes is meant to end the mount.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations;

    public StopSignals(Action<PosixSignal> stop, LogPlace place)
    {
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            if (context.Signal != PosixSignal.SIGHUP || place == LogPlace.Foreground)
            {
                stop(context.Signal);
            }
        }
        _registrations = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
