using System.Collections.Concurrent;

namespace SseCFs.Tree;

/// <summary>What somebody who asks after a mount should know beside what is unsaved. Thread-safe.</summary>
internal sealed class Activity
{
    /// <summary>Conflicts remembered; the log has them all.</summary>
    private const int MostConflicts = 100;

    private readonly ConcurrentQueue<Conflict> _conflicts = new();
    private readonly ConcurrentDictionary<DirectoryRename, bool> _renames = new();

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Conflict> Conflicts => [.. _conflicts];

    public IReadOnlyList<RenameProgress> Renames => [.. _renames.Keys.Select(rename => rename.Progress)];

    public void Add(Conflict conflict)
    {
        _conflicts.Enqueue(conflict);
        while (_conflicts.Count > MostConflicts)
        {
            _conflicts.TryDequeue(out _);
        }
    }

    /// <summary>Shown until it is disposed.</summary>
    public DirectoryRename Begin(string from, string to)
    {
        var rename = new DirectoryRename(this, from, to);
        _renames[rename] = true;
        return rename;
    }

    /// <summary>The rename of a directory, object by object.</summary>
    internal sealed class DirectoryRename(Activity activity, string from, string to) : IDisposable
    {
        private int _objects;
        private int _done;

        public RenameProgress Progress => new(from, to, Volatile.Read(ref _objects), Volatile.Read(ref _done));

        /// <summary>Each is copied, then removed.</summary>
        public void SetObjects(int count) => Volatile.Write(ref _objects, count);

        public void AddCopied() => Interlocked.Increment(ref _done);

        public void Dispose() => activity._renames.TryRemove(this, out _);
    }
}
