using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>Asks the store for one name in a directory, whatever else is in there. Thread-safe.</summary>
internal sealed class NameQuery(Mounted mounted)
{
    /// <summary>
    /// The number of keys asked for. In the order of keys the object of a name comes first, then come objects whose names continue it with a character before the slash
    /// ("name-2", "name.txt"), then the keys below the directory of that name.
    /// </summary>
    private const int KeysAsked = 20;

    private readonly Namespace _names = mounted.Names;
    private readonly EntryMerge _merge = new(mounted);

    /// <summary>Finds what the name leads to; null: nothing. One LIST without a delimiter, which also tells whether a directory has a marker.</summary>
    public async ValueTask<Inode?> AskAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        for (; ; )
        {
            var key = _names.KeyOf(directory, name);
            var started = _names.BeginQuestion(directory);
            try
            {
                var (file, below) = await FindAsync(key, cancellation).ConfigureAwait(false);
                lock (_names.Sync)
                {
                    if (_names.KeyOf(directory, name) != key)
                    {
                        // The directory was moved meanwhile.
                        continue;
                    }
                    return below is { } first ? MergeDirectory(directory, name, first, key, started)
                        : file is { } listed ? _merge.MergeFile(directory, name, listed, started)
                        : _merge.MergeAbsence(directory, name, started);
                }
            }
            finally
            {
                _names.EndQuestion(directory);
            }
        }
    }

    /// <summary>Whether a known directory still has keys below it. One that has none is dropped.</summary>
    public async ValueTask<bool> ConfirmAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        for (; ; )
        {
            var key = _names.KeyOf(directory)[..^1];
            var started = _names.Sequence;
            var page = await mounted.Store.ListFirstAsync(key + "/", null, 1, cancellation).ConfigureAwait(false);
            lock (_names.Sync)
            {
                if (directory.IsDetached)
                {
                    return false;
                }
                if (_names.KeyOf(directory)[..^1] != key)
                {
                    continue;
                }
                return page.Objects.Count == 0
                    ? _merge.MergeAbsence(directory.Parent!, directory.Name, started) is not null
                    : ReferenceEquals(MergeDirectory(directory.Parent!, directory.Name, page.Objects[0], key, started), directory);
            }
        }
    }

    /// <summary>The object of a directory itself sorts before all others below it.</summary>
    private Inode? MergeDirectory(DirectoryInode parent, string name, in ListedObject first, string key, long started)
    {
        var hasMarker = first.Key.Length == key.Length + 1;
        return _merge.MergeDirectory(parent, name, hasMarker, hasMarker ? first : null, started);
    }

    /// <summary>The object of that key, and the first of those below it.</summary>
    private async ValueTask<(ListedObject? File, ListedObject? Below)> FindAsync(string key, CancellationToken cancellation)
    {
        var page = await mounted.Store.ListFirstAsync(key, null, KeysAsked, cancellation).ConfigureAwait(false);
        ListedObject? file = null;
        var isPassed = page.Continuation is null;
        foreach (var listed in page.Objects)
        {
            if (listed.Key.Length == key.Length)
            {
                file = listed;
            }
            else if (listed.Key[key.Length] == '/')
            {
                return (file, listed);
            }
            else if (listed.Key[key.Length] > '/')
            {
                isPassed = true;
                break;
            }
        }
        if (isPassed)
        {
            return (file, null);
        }
        // More objects sort between the two than were asked for.
        var below = await mounted.Store.ListFirstAsync(key + "/", null, 1, cancellation).ConfigureAwait(false);
        return (file, below.Objects.Count > 0 ? below.Objects[0] : null);
    }
}
