using System.Runtime.Versioning;
using System.ServiceProcess;

namespace SseCFs.Tool.Mounting.Windows;

/// <summary>One mount as a service of Windows: started when the service control manager says so, and unmounted, with all that is left stored, when that stops it or the machine shuts down.</summary>
[SupportedOSPlatform("windows")]
internal sealed class MountService : ServiceBase
{
    /// <summary>The service control manager is told again so often that it is not over yet.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly MountProcess _process;
    private readonly CancellationTokenSource _stop = new();
    private Task<ExitCode>? _running;

    public MountService(MountProcess process)
    {
        _process = process;
        ServiceName = "ssecfs";
        CanShutdown = true;
        AutoLog = false;
    }

    /// <summary>Returns when the service has ended.</summary>
    public static void RunToEnd(MountProcess process)
    {
        using var service = new MountService(process);
        Run(service);
    }

    protected override void OnStart(string[] args)
    {
        var serving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = Task.Run(() => _process.RunAsync(_ => serving.TrySetResult(), _stop.Token, _stop.Token));
        Await(Task.WhenAny(serving.Task, _running));
        if (_running.IsCompleted)
        {
            // What is wrong is an event of the service control manager's.
            _running.GetAwaiter().GetResult();
        }
        _ = EndAsync();
    }

    protected override void OnStop()
    {
        _stop.Cancel();
        if (_running is not null)
        {
            Await(_running);
        }
    }

    protected override void OnShutdown() => OnStop();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Unmounted by a command: the service ends, too.</summary>
    private async Task EndAsync()
    {
        await ((Task)_running!).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stop.IsCancellationRequested)
        {
            Stop();
        }
    }

    private void Await(Task task)
    {
        while (!((IAsyncResult)task).AsyncWaitHandle.WaitOne(Patience))
        {
            RequestAdditionalTime(2 * Patience);
        }
    }
}
