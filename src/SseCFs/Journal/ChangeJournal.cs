using Microsoft.Extensions.Logging;
using SseCFs.Keys;
using SseCFs.Store;

namespace SseCFs.Journal;

/// <summary>
/// What of one mount is not in the store yet, kept encrypted on this disk: saves that were acknowledged before they were uploaded (write-back), what could not be sent,
/// and renames that were begun. What an earlier process left for the same source and a key of the ring is found when it is opened. Thread-safe.
/// </summary>
public sealed class ChangeJournal : IUploadRegister, IDisposable
{
    private readonly List<JournalFolder> _left = [];
    private readonly string _root;
    private readonly string _source;
    private KeyRing _ring;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private JournalFolder? _own;
    private long _lastNumber;

    private ChangeJournal(string root, string source, KeyRing ring, bool isWriteBack, ILogger log)
    {
        _log = log;
        _root = root;
        _source = source;
        _ring = ring;
        IsWriteBack = isWriteBack;
    }

    /// <summary>A save here is enough for close and fsync.</summary>
    public bool IsWriteBack { get; }

    /// <summary>Where it is.</summary>
    public string Directory => _root;

    /// <param name="root">Made if it is missing; only its owner may read it then.</param>
    /// <param name="source">Endpoint, bucket and prefix: what a journal is for.</param>
    /// <param name="ring">The key that writes wraps the journal's own; what any of them wrapped is found. Must outlive the journal, or be replaced before it goes.</param>
    /// <exception cref="FsException">The directory cannot be used.</exception>
    public static ChangeJournal Open(string root, string source, KeyRing ring, bool isWriteBack, ILogger log)
    {
        var journal = new ChangeJournal(root, source, ring, isWriteBack, log);
        try
        {
            journal.Take();
            return journal;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            journal.Dispose();
            throw JournalErrors.ToFsException(e, root);
        }
    }

    /// <summary>From now on the key of this ring that writes opens what is kept here, and no other.</summary>
    /// <exception cref="FsException">The directory cannot be written; some of it may be under either key.</exception>
    public void ReplaceKeys(KeyRing ring)
    {
        lock (_lock)
        {
            try
            {
                foreach (var folder in _own is null ? _left : [.. _left, _own])
                {
                    folder.Rewrap(_source, ring.Writer);
                }
                _ring = ring;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw JournalErrors.ToFsException(e, _root);
            }
        }
    }

    public void Dispose()
    {
        foreach (var folder in _left)
        {
            folder.Dispose();
        }
        _left.Clear();
        _own?.Dispose();
        _own = null;
    }

    /// <summary>Without room for it the upload goes on: what is lost is that the next mount would take it back after a crash.</summary>
    public IDisposable Begin(string key, string uploadId)
    {
        try
        {
            using var writer = Own().NewUpload();
            var entry = JournalEntry.Left(writer.Path);
            try
            {
                writer.WriteHead(new UploadRecord(key, uploadId), JournalJson.Default.UploadRecord);
                writer.Commit(durably: false);
                return new Registered(entry);
            }
            catch
            {
                entry.Remove();
                throw;
            }
        }
        catch (FsException e)
        {
            JournalLog.UploadNotRecorded(_log, key, e.Message);
            return new Registered(null);
        }
    }

    /// <summary>What earlier processes left and did not finish, oldest first.</summary>
    internal IReadOnlyList<JournalFolder> Left => _left;

    internal JournalWriter NewSave() => Own().NewSave();

    internal JournalWriter NewRename() => Own().NewRename();

    /// <summary>Orders saves and renames.</summary>
    internal long NextNumber() => Interlocked.Increment(ref _lastNumber);

    /// <summary>What earlier processes did counts as older than what ours does.</summary>
    internal void NumberAfter(long number) => _lastNumber = Math.Max(_lastNumber, number);

    private void Take()
    {
        var present = System.IO.Directory.Exists(_root) ? System.IO.Directory.EnumerateDirectories(_root) : [];
        foreach (var path in present.Order(StringComparer.Ordinal))
        {
            if (JournalFolder.About(path) is not { } about || about.Source != _source)
            {
                continue;
            }
            if (_ring.All.FirstOrDefault(key => key.Fingerprint == about.KeyFingerprint) is not { } key)
            {
                JournalLog.OtherKey(_log, path, about.KeyFingerprint);
            }
            else if (JournalFolder.TryOpen(path, about, key) is { } folder)
            {
                _left.Add(folder);
            }
        }
        if (IsWriteBack)
        {
            TryOwn();
        }
    }

    /// <summary>What is wrong with the directory is better told now than by the first file that is closed. A full disk will have room again: what it is full of may be stored by this mount.</summary>
    private void TryOwn()
    {
        try
        {
            Own();
        }
        catch (FsException e) when (e.Reason == FsError.NoSpace)
        {
            JournalLog.NoRoom(_log, e.Message);
        }
    }

    private sealed class Registered(JournalEntry? entry) : IDisposable
    {
        public void Dispose() => entry?.Remove();
    }

    /// <summary>Made on first use: most mounts never need one.</summary>
    private JournalFolder Own()
    {
        lock (_lock)
        {
            if (_own is null)
            {
                try
                {
                    _own = JournalFolder.Create(_root, _source, _ring.Writer);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw JournalErrors.ToFsException(e, _root);
                }
            }
            return _own;
        }
    }
}
