using SseCFs.Journal;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Finishes renames that an earlier process began. Until all sources are removed every object is under its old name or its new one or both; what both have is removed
/// from the old one, unless it was changed there since. To be used before programs come.
/// </summary>
internal sealed class InterruptedRenames(Mounted mounted, AbandonedUploads uploads)
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
            mounted.Journal!.NumberAfter(intent?.Number ?? 0);
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
            await DropReplacedAsync(intent, cancellation).ConfigureAwait(false);
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
            return;
        }
        var copy = await FindAsync(intent.To, cancellation).ConfigureAwait(false);
        if (copy is null || copy.Attempt != (intent.Attempt ?? intent.User?.GetValueOrDefault(WriteAttempt.FormerMetadataName)))
        {
            JournalLog.RenameUndone(mounted.Log, intent.From, intent.To);
        }
        else if (source.ETag != intent.ETag || source.Size != copy.Size)
        {
            JournalLog.RenameSourceKept(mounted.Log, intent.From, intent.To);
        }
        else
        {
            await RenamedSource.RemoveAsync(mounted, source.Key, source.ETag, cancellation).ConfigureAwait(false);
            await DropReplacedAsync(intent, cancellation).ConfigureAwait(false);
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
        }
    }

    /// <summary>What was saved of the file that stood at the new name, and was not stored yet.</summary>
    private async ValueTask DropReplacedAsync(RenameIntent intent, CancellationToken cancellation)
    {
        foreach (var folder in mounted.Journal!.Left)
        {
            foreach (var path in folder.Saves.Where(File.Exists))
            {
                if (FindReplaced(folder, path, intent) is { } head)
                {
                    await uploads.RemoveSaveAsync(path, head, successor: null, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    private static SavedHead? FindReplaced(JournalFolder folder, string path, RenameIntent intent)
    {
        try
        {
            using var reader = folder.Read(path);
            return reader?.LastHead(JournalJson.Default.SavedHead) is { } head && head.Key == intent.To && head.Number < intent.Number ? head : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            // Whoever restores it finds the same, and says so.
            return null;
        }
    }

    private async ValueTask FinishDirectoryAsync(RenameIntent intent, CancellationToken cancellation)
    {
        await foreach (var page in mounted.Store.ListAllAsync(intent.From, null, cancellation).ConfigureAwait(false))
        {
            await Parallel.ForEachAsync(
                page.Objects.Select(o => o.Key),
                new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation },
                (key, token) => intent.IsUndone ? RemoveCopyAsync(intent, key, token) : MoveAsync(intent, key, token)).ConfigureAwait(false);
        }
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
            await mounted.Store.CopyAsync(source, newKey, source.Metadata with { Attempt = AttemptOf(intent, source) }, WriteCondition.Absent, cancellation).ConfigureAwait(false);
        }
        else if (!IsCopy(intent, copy, source))
        {
            JournalLog.RenameSourceKept(mounted.Log, key, newKey);
            return;
        }
        await RenamedSource.RemoveAsync(mounted, source.Key, source.ETag, cancellation).ConfigureAwait(false);
    }

    private async ValueTask RemoveCopyAsync(RenameIntent intent, string key, CancellationToken cancellation)
    {
        var newKey = intent.To + key[intent.From.Length..];
        if (await FindAsync(key, cancellation).ConfigureAwait(false) is { } source && await FindAsync(newKey, cancellation).ConfigureAwait(false) is { } copy && IsCopy(intent, copy, source))
        {
            await RenamedSource.RemoveAsync(mounted, copy.Key, copy.ETag, cancellation).ConfigureAwait(false);
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

    private static WriteAttempt? AttemptOf(RenameIntent intent, ObjectInfo source) =>
        intent.Attempt is { } id ? WriteAttempt.Recorded(id, sent: null).Derive(source.Key, source.ETag) : null;

    /// <summary>Journals of earlier releases name no attempt: then equal metadata must do.</summary>
    private static bool IsCopy(RenameIntent intent, ObjectInfo copy, ObjectInfo source) =>
        copy.Size == source.Size && (AttemptOf(intent, source) is { } attempt ? copy.Attempt == attempt.Id : copy.Metadata.Includes(source.Metadata.User));
}
