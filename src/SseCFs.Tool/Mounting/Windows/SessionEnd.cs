using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32;

namespace SseCFs.Tool.Mounting.Windows;

/// <summary>
/// Ends a mount when its user logs off or the machine shuts down. Windows sends console events for neither to a process that has a window, and none at all to one without a
/// console, which a mount in the background is: it sends a message to windows, and ends the process once that has been answered. So the answer waits until this is disposed, at
/// the mount's end. After five seconds Windows shows the user whom it waits for; who does not want to wait loses nothing, since what is not stored is in the journal.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class SessionEnd : IDisposable
{
    private readonly Action<string> _stop;
    private readonly ManualResetEventSlim _isOver = new();

    private SessionEnd(Action<string> stop)
    {
        _stop = stop;
        SystemEvents.SessionEnded += Handle;
    }

    /// <summary>Null: there are no windows here, as for a service, and so nobody who logs off.</summary>
    public static SessionEnd? TryWatch(Action<string> stop)
    {
        try
        {
            return Environment.UserInteractive ? new SessionEnd(stop) : null;
        }
        catch (ExternalException)
        {
            return null;
        }
    }

    /// <summary>Once: the mount has ended.</summary>
    public void Dispose()
    {
        // Not disposed of: the handler may still look at it.
        _isOver.Set();
        SystemEvents.SessionEnded -= Handle;
    }

    /// <summary>On a thread of SystemEvents', which waits for messages only.</summary>
    private void Handle(object sender, SessionEndedEventArgs ending)
    {
        _stop(ending.Reason.ToString());
        _isOver.Wait();
    }
}
