using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// Brings what a directory holds up to date by LIST, and merges it with what was changed here meanwhile. Thread-safe.
/// </summary>
internal sealed class DirectoryLister(Mounted mounted)
{
    /// <summary>What a listing may hold in memory. No program can work in a directory of so many entries.</summary>
    private const int MostEntries = 2_000_000;

    private readonly Namespace _names = mounted.Names;

    /// <summary>Whether the children known here are all there were so short a time ago. Under <see cref="Namespace.Sync"/>.</summary>
    public bool IsFresh(DirectoryInode directory, TimeSpan within) => directory.ListedAt is { } at && mounted.IsWithin(at, within);

    /// <summary>Lists the directory unless its attributes' time is not over yet; see below.</summary>
    public ValueTask RefreshAsync(DirectoryInode directory, bool whole, CancellationToken cancellation) =>
        RefreshAsync(directory, whole, mounted.Options.AttributesValid, cancellation);

    /// <summary>Lists the directory unless that was done so short a time ago; callers at one time share one listing.</summary>
    /// <param name="whole">False: one page is enough; a larger directory is then not fresh afterwards.</param>
    public async ValueTask RefreshAsync(DirectoryInode directory, bool whole, TimeSpan within, CancellationToken cancellation)
    {
        // A second time only where the listing that was joined was of one page, and more is wanted.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Task listing;
            lock (_names.Sync)
            {
                if (IsFresh(directory, attempt == 0 ? within : mounted.Options.AttributesValid) || attempt > 0 && !whole)
                {
                    return;
                }
                listing = directory.Listing ??= Task.Run(() => ListAsync(directory, whole), CancellationToken.None);
            }
            await listing.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task ListAsync(DirectoryInode directory, bool whole)
    {
        try
        {
            var started = _names.Sequence;
            var prefix = _names.KeyOf(directory);
            var pages = new List<ListPage>();
            var entries = 0;
            await foreach (var page in mounted.Store.ListAllAsync(prefix, "/", CancellationToken.None).ConfigureAwait(false))
            {
                pages.Add(page);
                entries += page.Objects.Count + page.CommonPrefixes.Count;
                if (!whole)
                {
                    break;
                }
                if (entries > MostEntries)
                {
                    throw new FsException(FsError.BadReply, $"{prefix} has more than {MostEntries} entries, or the service lists without an end");
                }
            }
            Merge(directory, prefix, pages, started);
        }
        finally
        {
            lock (_names.Sync)
            {
                directory.Listing = null;
                directory.Removed.Clear();
            }
        }
    }

    private void Merge(DirectoryInode directory, string prefix, List<ListPage> pages, long started)
    {
        var isComplete = pages[^1].Continuation is null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var hidden = 0;
        string? firstHidden = null;
        var hasMarker = false;
        lock (_names.Sync)
        {
            foreach (var common in pages.SelectMany(page => page.CommonPrefixes))
            {
                var name = common[prefix.Length..^1];
                if (FileName.ToName(name) is null)
                {
                    hidden++;
                    firstHidden ??= common;
                }
                else if (seen.Add(name))
                {
                    MergeDirectory(directory, name, started);
                }
            }
            foreach (var listed in pages.SelectMany(page => page.Objects))
            {
                var name = listed.Key[prefix.Length..];
                if (name.Length == 0)
                {
                    hasMarker = true;
                    MergeMarker(directory, listed, started);
                }
                else if (FileName.ToName(name) is null || !seen.Add(name))
                {
                    hidden++;
                    firstHidden ??= listed.Key;
                }
                else
                {
                    MergeFile(directory, name, listed, started);
                }
            }
            directory.Pages = pages.Count + (isComplete ? 0 : 1);
            if (isComplete)
            {
                DetachUnseen(directory, seen, started);
                if (directory.ChangedAt <= started)
                {
                    directory.HasMarker = hasMarker;
                }
                directory.ListedAt = mounted.Clock.GetTimestamp();
            }
            if (hidden > 0 && hidden != directory.HiddenEntries)
            {
                TreeLog.EntriesHidden(mounted.Log, prefix, hidden, firstHidden!);
            }
            directory.HiddenEntries = hidden;
        }
    }

    private static bool IsKnownBetter(DirectoryInode directory, string name, Inode? child, long started) =>
        child is not null ? child.ChangedAt > started || HoldsUnsaved(child) : directory.Removed.TryGetValue(name, out var removed) && removed > started;

    private void MergeDirectory(DirectoryInode parent, string name, long started)
    {
        parent.Children.TryGetValue(name, out var child);
        if (child is DirectoryInode || IsKnownBetter(parent, name, child, started))
        {
            return;
        }
        if (child is not null)
        {
            Drop(child);
        }
        _names.Attach(parent, name, _names.NewDirectory());
    }

    private static void MergeMarker(DirectoryInode directory, in ListedObject listed, long started)
    {
        if (directory.ChangedAt > started || directory.IsMetadataDirty)
        {
            return;
        }
        if (directory.MarkerModified != default && (directory.MarkerModified - listed.LastModified).Duration() >= TimeSpan.FromSeconds(1))
        {
            directory.Metadata = null;
        }
        directory.MarkerModified = listed.LastModified;
    }

    private void MergeFile(DirectoryInode parent, string name, in ListedObject listed, long started)
    {
        parent.Children.TryGetValue(name, out var child);
        if (IsKnownBetter(parent, name, child, started))
        {
            return;
        }
        var version = new StoredVersion(listed.ETag, listed.Size, listed.LastModified, Encryption.CustomerKey);
        if (child is FileInode file)
        {
            lock (file.Sync)
            {
                if (file.IsDirty || file.IsUploading)
                {
                    return;
                }
                if (file.Stored!.IsShownBy(listed))
                {
                    file.Stored = file.Stored with { LastModified = listed.LastModified, IsOwnWrite = false };
                    return;
                }
                if (file.Handles == 0)
                {
                    Versions.Replace(mounted, file, version);
                }
                else
                {
                    file.IsInDoubt = true;
                    mounted.Invalidation?.InvalidateEntry(parent.Number, FileName.ToName(name)!);
                }
                return;
            }
        }
        if (child is not null)
        {
            Drop(child);
        }
        var fresh = _names.NewFile();
        fresh.Stored = version;
        _names.Attach(parent, name, fresh);
    }

    private void DetachUnseen(DirectoryInode directory, HashSet<string> seen, long started)
    {
        List<Inode>? gone = null;
        foreach (var (name, child) in directory.Children)
        {
            if (!seen.Contains(name) && !IsKnownBetter(directory, name, child, started))
            {
                (gone ??= []).Add(child);
            }
        }
        gone?.ForEach(Drop);
    }

    private void Drop(Inode child)
    {
        _names.Detach(child);
        mounted.Invalidation?.InvalidateEntry(child.Parent!.Number, FileName.ToName(child.Name)!);
    }

    /// <summary>Something below was made or written here and is not stored yet: it is there, whatever a listing says.</summary>
    private static bool HoldsUnsaved(Inode inode) => inode switch
    {
        DirectoryInode directory => directory.Children.Values.Any(HoldsUnsaved),
        FileInode file => file.HoldsUnsaved,
        _ => false,
    };
}
