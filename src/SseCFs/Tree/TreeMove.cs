using System.Collections.Concurrent;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// Moves all objects below a directory to another prefix: every copy first, then every removal, so that no object is ever missing from both. Thread-safe.
/// </summary>
internal sealed class TreeMove(Mounted mounted, FileStorer storer)
{
    private const int CopiesAtOnce = 8;

    private readonly Namespace _names = mounted.Names;

    /// <param name="beforeSwitch">What must be in the store before the old names go.</param>
    /// <param name="switchNames">Moves the directory in the tree; called under <see cref="Namespace.Sync"/> once all copies are made.</param>
    public async ValueTask MoveAsync(DirectoryInode source, string newPrefix, Func<ValueTask> beforeSwitch, Action switchNames, CancellationToken cancellation)
    {
        var oldPrefix = _names.KeyOf(source);
        var held = await HoldFilesAsync(source, cancellation).ConfigureAwait(false);
        try
        {
            foreach (var file in held)
            {
                // What is open and unsaved is stored under the old name, so that the copies are whole.
                if (file.Stored is not null)
                {
                    await storer.StoreHeldAsync(file, cancellation).ConfigureAwait(false);
                }
            }
            var sources = await HeadAllAsync(oldPrefix, cancellation).ConfigureAwait(false);
            var copies = new ConcurrentDictionary<string, WrittenObject>(StringComparer.Ordinal);
            try
            {
                await ForEachAsync(sources, async (info, token) =>
                    copies[info.Key] = await mounted.Store.CopyAsync(info, newPrefix + info.Key[oldPrefix.Length..], MarkedWithKey(info), WriteCondition.None, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
                await beforeSwitch().ConfigureAwait(false);
            }
            catch
            {
                // Undone: the old names are all there still.
                await ForEachAsync(copies.Keys, (key, token) => mounted.Store.DeleteAsync(newPrefix + key[oldPrefix.Length..], token), CancellationToken.None).ConfigureAwait(false);
                throw;
            }
            lock (_names.Sync)
            {
                switchNames();
                FollowCopies(source, oldPrefix, newPrefix, copies);
            }
            await ForEachAsync(sources, (info, token) => mounted.Store.DeleteAsync(info.Key, token), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            foreach (var file in held)
            {
                file.Gate.Release();
            }
        }
    }

    /// <summary>Takes the gates of all files known below, in the order of their numbers, so that none is stored under its old name meanwhile.</summary>
    private async ValueTask<List<FileInode>> HoldFilesAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        var files = new List<FileInode>();
        lock (_names.Sync)
        {
            Collect(directory, files);
        }
        files.Sort((a, b) => a.Number.CompareTo(b.Number));
        var held = new List<FileInode>();
        try
        {
            foreach (var file in files)
            {
                await file.Gate.WaitAsync(cancellation).ConfigureAwait(false);
                held.Add(file);
            }
            return held;
        }
        catch
        {
            held.ForEach(file => file.Gate.Release());
            throw;
        }
    }

    private static void Collect(DirectoryInode directory, List<FileInode> files)
    {
        foreach (var child in directory.Children.Values)
        {
            if (child is FileInode file)
            {
                files.Add(file);
            }
            else
            {
                Collect((DirectoryInode)child, files);
            }
        }
    }

    /// <summary>Everything below, with its metadata. One that our key does not open stops the move before it begins.</summary>
    private async ValueTask<List<ObjectInfo>> HeadAllAsync(string prefix, CancellationToken cancellation)
    {
        var keys = new List<string>();
        string? continuation = null;
        do
        {
            var page = await mounted.Store.ListAsync(prefix, null, continuation, 1000, cancellation).ConfigureAwait(false);
            keys.AddRange(page.Objects.Select(o => o.Key));
            continuation = page.Continuation;
        }
        while (continuation is not null);
        var infos = new ConcurrentBag<ObjectInfo>();
        await ForEachAsync(keys, async (key, token) => infos.Add(await mounted.Store.HeadAsync(key, token).ConfigureAwait(false)), cancellation).ConfigureAwait(false);
        return [.. infos];
    }

    /// <summary>The copy is under our key, whatever the source was under.</summary>
    private ObjectMetadata MarkedWithKey(ObjectInfo info) => info.Metadata with
    {
        User = new Dictionary<string, string>(info.Metadata.User) { [PosixMetadata.KeyName] = mounted.Store.KeyFingerprint },
    };

    private static async ValueTask ForEachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, ValueTask> act, CancellationToken cancellation) =>
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = CopiesAtOnce, CancellationToken = cancellation }, act).ConfigureAwait(false);

    private void FollowCopies(DirectoryInode directory, string oldPrefix, string newPrefix, ConcurrentDictionary<string, WrittenObject> copies)
    {
        _names.Touch(directory);
        foreach (var child in directory.Children.Values)
        {
            if (child is DirectoryInode below)
            {
                FollowCopies(below, oldPrefix, newPrefix, copies);
                continue;
            }
            var file = (FileInode)child;
            _names.Touch(file);
            var key = _names.KeyOf(file);
            lock (file.Sync)
            {
                if (file.Stored is not null && copies.TryGetValue(oldPrefix + key[newPrefix.Length..], out var written))
                {
                    Versions.Moved(file, key, written);
                }
            }
        }
    }
}
