using SseCFs.Journal;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// The attempts to store one file that were neither answered nor refused for good: the store may carry any of them out, or have done so. Thread-safe by its owner's
/// <see cref="Inode.Sync"/>.
/// </summary>
internal sealed class PendingAttempts
{
    /// <summary>In place of a change of staged content: the stored bytes with other attributes.</summary>
    public const long AttributesOnly = -1;

    private readonly List<(WriteAttempt Attempt, long? Stamp)> _pending = [];

    public bool IsEmpty => _pending.Count == 0;

    /// <summary>The store may have what one of them sent.</summary>
    public bool MayBeStored => _pending.Exists(pending => pending.Attempt.MayBeStored);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<WriteAttempt> All => _pending.ConvertAll(pending => pending.Attempt);

    /// <summary>The attempt to store the staged content as of its last change: a repeat for the same change keeps its attempt.</summary>
    public WriteAttempt For(long stamp)
    {
        if (_pending is not [.., (var last, var at)] || at != stamp)
        {
            last = WriteAttempt.New();
            Add(last, stamp);
        }
        return last;
    }

    /// <param name="stamp">The last change that it carries; null: an upload that is told from all others by its own id.</param>
    public void Add(WriteAttempt attempt, long? stamp)
    {
        if (!_pending.Exists(pending => pending.Attempt.Id == attempt.Id))
        {
            _pending.Add((attempt, stamp));
        }
    }

    /// <summary>What a later process must know of the other attempts.</summary>
    public List<SavedAttempt> SentBefore(WriteAttempt attempt) =>
        [.. _pending.Where(pending => pending.Attempt != attempt && pending.Attempt.Sent is not null).Select(pending => new SavedAttempt(pending.Attempt.Id, pending.Attempt.Sent!))];
}
