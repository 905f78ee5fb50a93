namespace SseCFs.Fuse.Session;

/// <summary>Requests to use again. Thread-safe; the lock is a leaf.</summary>
internal sealed class RequestPool(FuseSession session)
{
    // What a burst leaves behind beyond this goes to the collector.
    private const int Kept = 128;

    private readonly Lock _lock = new();
    private readonly Stack<Request> _free = new(Kept);

    public Request Take()
    {
        lock (_lock)
        {
            if (_free.TryPop(out var request))
            {
                return request;
            }
        }
        return new Request(session);
    }

    public void Return(Request request)
    {
        lock (_lock)
        {
            if (_free.Count < Kept)
            {
                _free.Push(request);
            }
        }
    }
}
