using Microsoft.Extensions.Logging;

namespace SseCFs.Journal;

/// <summary>
/// A rename under way, on disk before its first copy is made, so that the next mount finishes it if this process ends in the middle. Where there is no journal, or no
/// room in it, the rename goes on without. Not thread-safe.
/// </summary>
internal sealed class RenameRecord : IDisposable
{
    private readonly ILogger _log;
    private RenameIntent _intent;
    private JournalWriter? _writer;

    private RenameRecord(RenameIntent intent, ILogger log)
    {
        _intent = intent;
        _log = log;
    }

    public static RenameRecord Begin(ChangeJournal? journal, RenameIntent intent, ILogger log)
    {
        intent = intent with { Number = journal?.NextNumber() ?? 0 };
        var record = new RenameRecord(intent, log);
        if (journal is not null)
        {
            record.Write(() => record._writer = journal.NewRename(), intent);
        }
        return record;
    }

    /// <summary>From now on the copies are to go, not the sources.</summary>
    public void Undo() => Write(() => _writer, _intent with { IsUndone = true });

    /// <summary>From now on the rename is to be finished, and not undone.</summary>
    public void Copied() => Write(() => _writer, _intent = _intent with { IsCopied = true });

    /// <summary>Nothing is left to be done. What is disposed without this stays on disk for the next mount.</summary>
    public void End()
    {
        if (_writer is { } writer)
        {
            writer.Dispose();
            _writer = null;
            JournalEntry.Left(writer.Path).Remove();
        }
    }

    public void Dispose() => _writer?.Dispose();

    private void Write(Func<JournalWriter?> file, RenameIntent intent)
    {
        try
        {
            if (file() is { } writer)
            {
                writer.WriteHead(intent, JournalJson.Default.RenameIntent);
                writer.Commit();
            }
        }
        catch (FsException e)
        {
            JournalLog.RenameNotRecorded(_log, intent.From, intent.To, e.Message);
            End();
        }
    }
}
