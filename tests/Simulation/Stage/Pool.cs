using System.Runtime.CompilerServices;

namespace SseCFs.Simulation.Stage;

/// <summary>
/// The thread pool with one thread, on which all of a run happens. <see cref="IdleAsync"/> returns when nothing else is left to run: what then happens next is the run's choice,
/// and so the order of everything follows from its seed.
/// </summary>
internal static class Pool
{
    /// <summary>To be called before anything else uses the pool. The process must have been started with one processor (DOTNET_PROCESSOR_COUNT=1).</summary>
    public static void UseOneThread()
    {
        if (Environment.ProcessorCount != 1 || !ThreadPool.SetMinThreads(1, 1) || !ThreadPool.SetMaxThreads(1, 1))
        {
            throw new InvalidOperationException("a simulation needs a thread pool of one thread: set DOTNET_PROCESSOR_COUNT=1");
        }
    }

    public static Idle IdleAsync() => default;

    internal readonly struct Idle : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Idle GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(Check, continuation, preferLocal: false);

        // The global queue is first in, first out, and comes after the thread's own.
        private static void Check(Action continuation)
        {
            if (ThreadPool.PendingWorkItemCount > 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(Check, continuation, preferLocal: false);
                return;
            }
            continuation();
        }
    }
}
