using System.Text.Json;
using SseCFs.Content;

namespace SseCFs.Journal;

/// <summary>The file in which a journal keeps what is unsaved of one inode. Not thread-safe: by a caller who holds the inode's gate.</summary>
internal sealed class JournalEntry
{
    private readonly string _path;
    private JournalWriter? _writer;
    private SavedHead? _head;

    private JournalEntry(string path, JournalWriter? writer)
    {
        _path = path;
        _writer = writer;
    }

    /// <summary>The number of the last change of the staged content that is in it.</summary>
    public long Stamp { get; private set; }

    /// <summary>Bytes on disk, if more can be added.</summary>
    public long? Length => _writer?.Length;

    public static JournalEntry Create(JournalWriter writer) => new(writer.Path, writer);

    /// <summary>The upload that the save in it names. It is the entry's: nobody aborts it before the entry is removed.</summary>
    public StreamedUpload? Upload { get; set; }

    /// <summary>One that an earlier process left.</summary>
    public static JournalEntry Left(string path) => new(path, null);

    /// <summary>The same, with what is in it. Nothing can be added.</summary>
    public static JournalEntry Left(string path, SavedHead head, long stamp) => new(path, null) { _head = head, Stamp = stamp };

    /// <summary>Whether just this was saved last.</summary>
    public bool Holds(SavedHead head, long stamp) => stamp == Stamp && _head is { } last && Plain(last).AsSpan().SequenceEqual(Plain(head));

    /// <summary>Whether the same content and attributes were saved last, whatever was tried since to store them.</summary>
    public bool HoldsFile(SavedHead head, long stamp)
    {
        return _head is { } last && Holds(WithAttemptsOf(last), stamp);

        SavedHead WithAttemptsOf(SavedHead other) =>
            head with { Attempt = other.Attempt, EarlierAttempts = other.EarlierAttempts, Upload = head.Upload is null ? null : other.Upload };
    }

    /// <summary>Adds a save: what changed since the last one, then what it is about. It counts once this returns; after a failure nothing can be added any more.</summary>
    public async ValueTask AddAsync(Func<JournalWriter, ValueTask> writeChanges, SavedHead head, long stamp)
    {
        try
        {
            await writeChanges(_writer!).ConfigureAwait(false);
            _writer!.WriteHead(head, JournalJson.Default.SavedHead);
            _writer.Commit();
        }
        catch
        {
            _writer!.Dispose();
            _writer = null;
            throw;
        }
        (_head, Stamp) = (head, stamp);
    }

    /// <summary>Another entry has the same and more, and the upload with it.</summary>
    public void ReplaceBy(JournalEntry other)
    {
        if (ReferenceEquals(other.Upload, Upload))
        {
            Upload = null;
        }
        Remove();
    }

    /// <summary>The store has it, or nobody wants it any more.</summary>
    public void Remove()
    {
        _writer?.Dispose();
        _writer = null;
        try
        {
            Upload?.TakeBack();
            File.Delete(_path);
            Upload?.Release();
            Upload = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is stored once more then, over itself, by the next mount.
        }
    }

    private static byte[] Plain(SavedHead head) => JsonSerializer.SerializeToUtf8Bytes(head with { Number = 0 }, JournalJson.Default.SavedHead);
}
