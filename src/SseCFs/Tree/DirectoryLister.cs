using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// Brings what a directory holds up to date by LIST, and merges it with what was changed here meanwhile. Thread-safe.
/// </summary>
internal sealed class DirectoryLister(Mounted mounted)
{
    /// <summary>All of a directory.</summary>
    public const int AllPages = int.MaxValue;

    /// <summary>What a listing may hold in memory. No program can work in a directory of so many entries.</summary>
    private const int MostEntries = 2_000_000;

    private readonly Namespace _names = mounted.Names;
    private readonly EntryMerge _merge = new(mounted);

    /// <summary>Whether the children known here are all there were so short a time ago. Under <see cref="Namespace.Sync"/>.</summary>
    public bool IsFresh(DirectoryInode directory, TimeSpan within) => directory.ListedAt is { } at && mounted.IsWithin(at, within);

    /// <summary>Lists the directory unless that was done so short a time ago; callers at one time share one listing.</summary>
    /// <param name="pages">How many are enough; a larger directory is then not fresh afterwards.</param>
    public async ValueTask RefreshAsync(DirectoryInode directory, int pages, TimeSpan within, CancellationToken cancellation)
    {
        // A second time only where the listing that was joined was of fewer pages.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Task listing;
            lock (_names.Sync)
            {
                if (IsFresh(directory, attempt == 0 ? within : mounted.Options.AttributesValid) || attempt > 0 && directory.Pages > pages)
                {
                    return;
                }
                listing = directory.Listing ??= Task.Run(() => ListAsync(directory, pages), CancellationToken.None);
            }
            await listing.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Asks for no more than the first few entries, the directory's marker among them. Where these are all, it is listed.</summary>
    public async ValueTask PeekAsync(DirectoryInode directory, int entries, CancellationToken cancellation)
    {
        while (!await TryAskAsync(directory, async prefix => [await mounted.Store.ListFirstAsync(prefix, "/", entries, cancellation).ConfigureAwait(false)]).ConfigureAwait(false))
        {
        }
    }

    private async Task ListAsync(DirectoryInode directory, int most)
    {
        try
        {
            List<ListPage> pages = [];
            while (!await TryAskAsync(directory, async prefix => pages = await PagesAsync(prefix, most).ConfigureAwait(false)).ConfigureAwait(false))
            {
            }
            lock (_names.Sync)
            {
                directory.Pages = pages[^1].Continuation is null ? pages.Count : Math.Max(directory.Pages, pages.Count + 1);
            }
        }
        finally
        {
            lock (_names.Sync)
            {
                directory.Listing = null;
            }
        }
    }

    private async Task<List<ListPage>> PagesAsync(string prefix, int most)
    {
        var pages = new List<ListPage>();
        var entries = 0;
        await foreach (var page in mounted.Store.ListAllAsync(prefix, "/", CancellationToken.None).ConfigureAwait(false))
        {
            pages.Add(page);
            entries += page.Objects.Count + page.CommonPrefixes.Count;
            if (pages.Count == most)
            {
                break;
            }
            if (entries > MostEntries)
            {
                throw new FsException(FsError.BadReply, $"{prefix} has more than {MostEntries} entries, or the service lists without an end");
            }
        }
        return pages;
    }

    /// <returns>False: the directory was moved meanwhile, and the answer is of no use.</returns>
    private async ValueTask<bool> TryAskAsync(DirectoryInode directory, Func<string, Task<List<ListPage>>> ask)
    {
        var asked = mounted.Clock.GetTimestamp();
        var started = _names.BeginQuestion(directory);
        try
        {
            var prefix = _names.KeyOf(directory);
            var pages = await ask(prefix).ConfigureAwait(false);
            lock (_names.Sync)
            {
                if (_names.KeyOf(directory) != prefix)
                {
                    return false;
                }
                Merge(directory, prefix, pages, started, asked);
                return true;
            }
        }
        finally
        {
            _names.EndQuestion(directory);
        }
    }

    /// <summary>Under <see cref="Namespace.Sync"/>.</summary>
    /// <param name="pages">From the first one on.</param>
    private void Merge(DirectoryInode directory, string prefix, List<ListPage> pages, long started, long asked)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var hidden = 0;
        string? firstHidden = null;
        ListedObject? marker = null;
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
                _merge.MergeDirectory(directory, name, hasMarker: null, marker: null, started);
            }
        }
        foreach (var listed in pages.SelectMany(page => page.Objects))
        {
            var name = listed.Key[prefix.Length..];
            if (name.Length == 0)
            {
                marker = listed;
            }
            else if (FileName.ToName(name) is null || !seen.Add(name))
            {
                hidden++;
                firstHidden ??= listed.Key;
            }
            else
            {
                _merge.MergeFile(directory, name, listed, started);
            }
        }
        EntryMerge.MergeMarker(directory, marker is not null, marker, started);
        if (pages[^1].Continuation is not null)
        {
            return;
        }
        foreach (var name in directory.Children.Keys.Where(name => !seen.Contains(name)).ToList())
        {
            _merge.MergeAbsence(directory, name, started);
        }
        directory.ListedAt = asked;
        if (hidden > 0 && hidden != directory.HiddenEntries)
        {
            TreeLog.EntriesHidden(mounted.Log, prefix, hidden, firstHidden!);
        }
        directory.HiddenEntries = hidden;
    }
}
