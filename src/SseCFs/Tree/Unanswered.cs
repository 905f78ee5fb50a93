using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// What this mount asked the store to do under a name and was not told whether it was done: copies made by renames, and removals. Whoever later finds the name changed
/// asks here whether that was its own doing. Thread-safe.
/// </summary>
internal sealed class Unanswered
{
    /// <summary>The oldest are forgotten: by then the store has carried them out, or never will.</summary>
    private const int Most = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<(string Key, WriteAttempt? Copy, string? RemovedETag)> _requests = [];

    /// <summary>Whether a request that ended so may have been carried out, or still be: there was no reply, or none that says what was done.</summary>
    public static bool IsUnanswered(Exception failure) =>
        failure is OperationCanceledException or FsException { Reason: FsError.Unavailable or FsError.BadReply or FsError.InputOutput or FsError.Interrupted };

    public void AddCopy(string key, WriteAttempt attempt) => Add((key, attempt, null));

    /// <param name="etag">The version that was to go.</param>
    public void AddRemoval(string key, string etag) => Add((key, null, etag));

    /// <summary>The attempts to copy another file to a key.</summary>
    public IReadOnlyList<WriteAttempt> CopiesTo(string key)
    {
        lock (_lock)
        {
            return [.. _requests.Where(request => request.Key == key).Select(request => request.Copy).OfType<WriteAttempt>()];
        }
    }

    /// <summary>Whether a version that is gone may have been removed by this mount.</summary>
    public bool MayHaveRemoved(string key, string etag)
    {
        lock (_lock)
        {
            return _requests.Any(request => request.Key == key && request.RemovedETag == etag);
        }
    }

    private void Add((string, WriteAttempt?, string?) request)
    {
        lock (_lock)
        {
            if (_requests.Count == Most)
            {
                _requests.Dequeue();
            }
            _requests.Enqueue(request);
        }
    }
}
