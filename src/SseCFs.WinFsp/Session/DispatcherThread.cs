namespace SseCFs.WinFsp.Session;

/// <summary>
/// The one place where a thread waits for the file system: of all requests, WinFsp takes a later answer only to reads, writes and listings. Its threads are its own, so that
/// none of the pool's is held, and there are more of them than processors (<see cref="DriveOptions.Threads"/>).
/// </summary>
internal static class DispatcherThread
{
    public static T Wait<T>(ValueTask<T> operation) => operation.IsCompletedSuccessfully ? operation.Result : operation.AsTask().GetAwaiter().GetResult();

    public static void Wait(ValueTask operation)
    {
        if (!operation.IsCompletedSuccessfully)
        {
            operation.AsTask().GetAwaiter().GetResult();
        }
    }
}
