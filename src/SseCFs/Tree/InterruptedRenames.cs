using SseCFs.Journal;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// Finishes renames that an earlier process began. Until all sources are removed every object is under its old name or its new one or both; what both have is removed
/// from the old one, unless it was changed there since. To be used before programs come.
/// </summary>
internal sealed class InterruptedRenames(Mounted mounted)
{
    private const int RequestsAtOnce = 8;

    public async ValueTask FinishAsync(CancellationToken cancellation)
    {
        foreach (var folder in mounted.Journal?.Left ?? [])
        {
            foreach (var path in folder.Renames)
            {
                await FinishAsync(folder, path, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask FinishAsync(JournalFolder folder, string path, CancellationToken cancellation)
    {
        RenameIntent? intent;
        try
        {
            using var reader = folder.Read(path);
            intent = reader?.LastHead(JournalJson.Default.RenameIntent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            JournalLog.Unreadable(mounted.Log, path, e.Message);
            return;
        }
        try
        {
            if (intent is { IsDirectory: true })
            {
                await FinishDirectoryAsync(intent, cancellation).ConfigureAwait(false);
            }
            else if (intent is not null)
            {
                await FinishFileAsync(intent, cancellation).ConfigureAwait(false);
            }
            // Without a commit nothing was copied yet.
            File.Delete(path);
        }
        catch (FsException e)
        {
            JournalLog.RenameFailed(mounted.Log, intent!.From, intent.To, e.Message);
        }
    }

    private async ValueTask FinishFileAsync(RenameIntent intent, CancellationToken cancellation)
    {
        if (await FindAsync(intent.From, cancellation).ConfigureAwait(false) is not { } source)
        {
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
            return;
        }
        var copy = await FindAsync(intent.To, cancellation).ConfigureAwait(false);
        if (copy is null || !copy.Metadata.Includes(intent.User!))
        {
            JournalLog.RenameUndone(mounted.Log, intent.From, intent.To);
        }
        else if (source.ETag != intent.ETag || source.Size != copy.Size)
        {
            JournalLog.RenameSourceKept(mounted.Log, intent.From, intent.To);
        }
        else
        {
            await mounted.Store.DeleteAsync(intent.From, cancellation).ConfigureAwait(false);
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
        }
    }

    private async ValueTask FinishDirectoryAsync(RenameIntent intent, CancellationToken cancellation)
    {
        string? continuation = null;
        do
        {
            var page = await mounted.Store.ListAsync(intent.From, null, continuation, 1000, cancellation).ConfigureAwait(false);
            await Parallel.ForEachAsync(
                page.Objects.Select(o => o.Key),
                new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation },
                (key, token) => intent.IsUndone ? RemoveCopyAsync(intent, key, token) : MoveAsync(intent, key, token)).ConfigureAwait(false);
            continuation = page.Continuation;
        }
        while (continuation is not null);
        if (intent.IsUndone)
        {
            JournalLog.RenameUndone(mounted.Log, intent.From, intent.To);
        }
        else
        {
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
        }
    }

    private async ValueTask MoveAsync(RenameIntent intent, string key, CancellationToken cancellation)
    {
        var newKey = intent.To + key[intent.From.Length..];
        if (await FindAsync(key, cancellation).ConfigureAwait(false) is not { } source)
        {
            return;
        }
        if (await FindAsync(newKey, cancellation).ConfigureAwait(false) is not { } copy)
        {
            await mounted.Store.CopyAsync(source, newKey, TreeMove.MarkedWithKey(mounted, source), WriteCondition.Absent, cancellation).ConfigureAwait(false);
        }
        else if (!IsCopy(copy, source))
        {
            JournalLog.RenameSourceKept(mounted.Log, key, newKey);
            return;
        }
        await mounted.Store.DeleteAsync(key, cancellation).ConfigureAwait(false);
    }

    private async ValueTask RemoveCopyAsync(RenameIntent intent, string key, CancellationToken cancellation)
    {
        var newKey = intent.To + key[intent.From.Length..];
        if (await FindAsync(key, cancellation).ConfigureAwait(false) is { } source && await FindAsync(newKey, cancellation).ConfigureAwait(false) is { } copy && IsCopy(copy, source))
        {
            await mounted.Store.DeleteAsync(newKey, cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask<ObjectInfo?> FindAsync(string key, CancellationToken cancellation)
    {
        try
        {
            return await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return null;
        }
    }

    private bool IsCopy(ObjectInfo copy, ObjectInfo source) => copy.Size == source.Size && copy.Metadata.Includes(TreeMove.MarkedWithKey(mounted, source).User);
}
