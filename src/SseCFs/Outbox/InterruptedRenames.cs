using SseCFs.Journal;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Finishes or undoes renames that an earlier process began. That of a directory is undone unless all copies were made; then the sources of copies go, unless they were changed
/// since. What came to be under the old name afterwards stays there. To be used before programs come.
/// </summary>
internal sealed class InterruptedRenames(Mounted mounted, AbandonedUploads uploads)
{
    private const int RequestsAtOnce = 8;

    private readonly List<RenameIntent> _moved = [];

    /// <summary>What saves begin with, by path: each is read once, however many renames there are.</summary>
    private readonly Dictionary<string, SavedHead?> _heads = new(StringComparer.Ordinal);

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
            // Without a commit nothing was copied yet.
            var isMoved = intent switch
            {
                null => false,
                { IsDirectory: true } => await FinishDirectoryAsync(intent, cancellation).ConfigureAwait(false),
                _ => await FinishFileAsync(intent, cancellation).ConfigureAwait(false),
            };
            if (isMoved)
            {
                _moved.Add(intent!);
            }
            // As long as a save says the old name, this tells the new one.
            if (!isMoved || !AnySave(head => Precedes(head, intent!)))
            {
                File.Delete(path);
            }
        }
        catch (FsException e)
        {
            JournalLog.RenameFailed(mounted.Log, intent!.From, intent.To, e.Message);
        }
    }

    /// <summary>What was saved of a file before its name changed, under the name that it has now.</summary>
    public async ValueTask<SavedHead> FollowAsync(SavedHead head, CancellationToken cancellation)
    {
        foreach (var intent in _moved.OrderBy(one => one.Number).Where(one => Precedes(head, one)))
        {
            var newKey = intent.To + head.Key[intent.From.Length..];
            var replaced = head.Replaces;
            if (replaced is not null && await TryFindAsync(newKey, cancellation).ConfigureAwait(false) is { } copy && copy.Attempt is not null
                && copy.Attempt == (intent.IsDirectory ? AttemptOf(intent, head.Key, replaced.ETag)?.Id : replaced.ETag == intent.ETag ? intent.Attempt : null))
            {
                replaced = replaced with { ETag = copy.ETag, LastModified = copy.LastModified };
            }
            head = head with { Key = newKey, Replaces = replaced };
        }
        return head;
    }

    /// <summary>Whether a save is of what the rename moved, by its old name. Parts of an upload cannot change their name.</summary>
    private static bool Precedes(SavedHead head, RenameIntent intent) => head.Number < intent.Number && head.Upload is null
        && (intent.IsDirectory ? head.Key.StartsWith(intent.From, StringComparison.Ordinal) : head.Key == intent.From);

    private async ValueTask<ObjectInfo?> TryFindAsync(string key, CancellationToken cancellation)
    {
        try
        {
            return await FindAsync(key, cancellation).ConfigureAwait(false);
        }
        catch (FsException)
        {
            // Then the save is in conflict with what stands there, if it is not what was copied.
            return null;
        }
    }

    /// <returns>Whether the new name has it.</returns>
    private async ValueTask<bool> FinishFileAsync(RenameIntent intent, CancellationToken cancellation)
    {
        var source = await FindAsync(intent.From, cancellation).ConfigureAwait(false);
        var copy = await FindAsync(intent.To, cancellation).ConfigureAwait(false);
        // That the source is gone proves nothing: somebody may have removed or renamed it since.
        if (copy is null || copy.Attempt != (intent.Attempt ?? intent.User?.GetValueOrDefault(WriteAttempt.FormerMetadataName)))
        {
            JournalLog.RenameUndone(mounted.Log, intent.From, intent.To);
            return false;
        }
        if (source is not null)
        {
            if (source.ETag != intent.ETag || source.Size != copy.Size)
            {
                JournalLog.RenameSourceKept(mounted.Log, intent.From, intent.To);
                return false;
            }
            await RenamedSource.RemoveAsync(mounted, source.Key, source.ETag, cancellation).ConfigureAwait(false);
        }
        await DropReplacedAsync(intent, cancellation).ConfigureAwait(false);
        JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
        return true;
    }

    /// <summary>What was saved of the file that stood at the new name, and was not stored yet.</summary>
    private async ValueTask DropReplacedAsync(RenameIntent intent, CancellationToken cancellation)
    {
        foreach (var (path, head) in SavesOf(head => head.Key == intent.To && head.Number < intent.Number).ToList())
        {
            await uploads.RemoveSaveAsync(path, head, successor: null, cancellation).ConfigureAwait(false);
        }
    }

    private bool AnySave(Func<SavedHead, bool> isWanted) => SavesOf(isWanted).Any();

    private IEnumerable<(string Path, SavedHead Head)> SavesOf(Func<SavedHead, bool> isWanted)
    {
        foreach (var folder in mounted.Journal!.Left)
        {
            foreach (var path in folder.Saves.Where(File.Exists))
            {
                if (!_heads.TryGetValue(path, out var head))
                {
                    _heads[path] = head = HeadOf(folder, path);
                }
                if (head is not null && isWanted(head))
                {
                    yield return (path, head);
                }
            }
        }
    }

    private static SavedHead? HeadOf(JournalFolder folder, string path)
    {
        try
        {
            using var reader = folder.Read(path);
            return reader?.LastHead(JournalJson.Default.SavedHead);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            // Whoever restores it finds the same, and says so.
            return null;
        }
    }

    /// <returns>Whether the new name has what was below the old one.</returns>
    private async ValueTask<bool> FinishDirectoryAsync(RenameIntent intent, CancellationToken cancellation)
    {
        // Journals of earlier releases do not tell.
        var isUndone = intent.IsUndone || intent is { IsCopied: false, Attempt: not null };
        await foreach (var page in mounted.Store.ListAllAsync(intent.From, null, cancellation).ConfigureAwait(false))
        {
            await Parallel.ForEachAsync(
                page.Objects.Select(o => o.Key),
                new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation },
                (key, token) => isUndone ? RemoveCopyAsync(intent, key, token) : MoveAsync(intent, key, token)).ConfigureAwait(false);
        }
        if (isUndone)
        {
            JournalLog.RenameUndone(mounted.Log, intent.From, intent.To);
        }
        else
        {
            JournalLog.RenameFinished(mounted.Log, intent.From, intent.To);
        }
        return !isUndone;
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
            if (intent.IsCopied)
            {
                // It came later, or its copy is gone.
                return;
            }
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

    private static WriteAttempt? AttemptOf(RenameIntent intent, ObjectInfo source) => AttemptOf(intent, source.Key, source.ETag);

    private static WriteAttempt? AttemptOf(RenameIntent intent, string sourceKey, string sourceETag) =>
        intent.Attempt is { } id ? WriteAttempt.Recorded(id, sent: null).Derive(sourceKey, sourceETag) : null;

    /// <summary>Journals of earlier releases name no attempt: then equal metadata must do.</summary>
    private static bool IsCopy(RenameIntent intent, ObjectInfo copy, ObjectInfo source) =>
        copy.Size == source.Size && (AttemptOf(intent, source) is { } attempt ? copy.Attempt == attempt.Id : copy.Metadata.Includes(source.Metadata.User));
}
