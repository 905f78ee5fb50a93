using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>Finds names: in what is known, else by one listing for all names of a directory, else (in a large one) alone. Thread-safe.</summary>
internal sealed class Lookup(Mounted mounted, DirectoryLister lister, MetadataReader metadata)
{
    /// <summary>A directory of more pages is not listed again for a single name.</summary>
    private const int MostPages = 10;

    /// <summary>To find that a name is still missing, a directory of more entries is not listed again: two small requests tell.</summary>
    private const int MostEntries = 200;

    /// <summary>
    /// A file that another host has just closed must be found by an open here, so a missing name is asked for again; only a create that follows the lookup in the
    /// same system call is not.
    /// </summary>
    private static readonly TimeSpan MissingValid = TimeSpan.FromMilliseconds(10);

    /// <summary>So old may a listing of many pages be in which a name is looked for in another case.</summary>
    private static readonly TimeSpan OtherCaseValid = TimeSpan.FromMinutes(1);

    private readonly Namespace _names = mounted.Names;

    /// <summary>The inode of a name; null if there is none.</summary>
    /// <param name="name">A segment, as <see cref="FileName.ToSegment"/> makes it.</param>
    public async ValueTask<Inode?> FindAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        if (TryFind(directory, name, out var child))
        {
            return child;
        }
        bool whole, isListed;
        lock (_names.Sync)
        {
            whole = directory.ListedAt is not null && directory.Pages <= MostPages;
            isListed = (whole || directory.Pages <= 1) && (directory.Children.ContainsKey(name) || directory.Children.Count <= MostEntries);
        }
        if (isListed)
        {
            await lister.RefreshAsync(directory, whole, MissingValid, cancellation).ConfigureAwait(false);
            lock (_names.Sync)
            {
                if (directory.Children.TryGetValue(name, out child) || lister.IsFresh(directory, mounted.Options.AttributesValid))
                {
                    return child;
                }
            }
        }
        return await FindAloneAsync(directory, name, cancellation).ConfigureAwait(false);
    }

    /// <summary>Segments of names that are equal but for the case of letters, in their order.</summary>
    public async ValueTask<IReadOnlyList<string>> FindAnyCaseAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        TimeSpan within;
        bool isLarge;
        lock (_names.Sync)
        {
            isLarge = directory.Children.Count > MostEntries;
            within = directory.Pages > MostPages ? OtherCaseValid
                : isLarge || directory.AnyCase.Find(name).Count > 0 ? mounted.Options.AttributesValid
                : MissingValid;
        }
        await lister.RefreshAsync(directory, whole: true, within, cancellation).ConfigureAwait(false);
        if (Known() is { Count: > 0 } known)
        {
            return known;
        }
        if (isLarge)
        {
            await FindAsync(directory, name, cancellation).ConfigureAwait(false);
        }
        return Known();

        IReadOnlyList<string> Known()
        {
            lock (_names.Sync)
            {
                return [.. directory.AnyCase.Find(name)];
            }
        }
    }

    /// <summary>The inode of a name, or <see cref="FsError.NotFound"/>.</summary>
    public async ValueTask<Inode> GetAsync(DirectoryInode directory, string name, CancellationToken cancellation) =>
        await FindAsync(directory, name, cancellation).ConfigureAwait(false)
        ?? throw new FsException(FsError.NotFound, $"there is no {name} in {_names.KeyOf(directory)}");

    /// <summary>Answers from memory, if what is known there is recent enough.</summary>
    public bool TryFind(DirectoryInode directory, string name, out Inode? child)
    {
        lock (_names.Sync)
        {
            directory.UsedAt = mounted.Clock.GetTimestamp();
            return directory.Children.TryGetValue(name, out child)
                ? child is FileInode { HoldsUnsaved: true } || lister.IsFresh(directory, mounted.Options.AttributesValid)
                : lister.IsFresh(directory, MissingValid);
        }
    }

    private async ValueTask<Inode?> FindAloneAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        var key = _names.KeyOf(directory, name);
        var started = _names.Sequence;
        var below = mounted.Store.ListAsync(key + "/", null, null, 1, cancellation).AsTask();
        var listed = await mounted.Store.ListAsync(key, "/", null, 1, cancellation).ConfigureAwait(false);
        var isDirectory = (await below.ConfigureAwait(false)).Objects.Count > 0;
        var found = listed.Objects.Where(o => o.Key == key).Select(o => (ListedObject?)o).FirstOrDefault();
        lock (_names.Sync)
        {
            directory.Children.TryGetValue(name, out var child);
            if (child is not null && (child.ChangedAt > started || child is FileInode { HoldsUnsaved: true }))
            {
                return child;
            }
            if (isDirectory)
            {
                return child as DirectoryInode ?? Replace(directory, name, child, _names.NewDirectory());
            }
            if (found is not { } file)
            {
                return Replace(directory, name, child, null);
            }
            if (child is FileInode known)
            {
                lock (known.Sync)
                {
                    if (known.IsDirty || known.Stored!.IsShownBy(file))
                    {
                        return known;
                    }
                    if (known.Handles > 0)
                    {
                        known.IsInDoubt = true;
                        return known;
                    }
                }
            }
            var fresh = _names.NewFile();
            fresh.Stored = new StoredVersion(file.ETag, file.Size, file.LastModified, Encryption.CustomerKey);
            return Replace(directory, name, child, fresh);
        }
    }

    private Inode? Replace(DirectoryInode directory, string name, Inode? old, Inode? fresh)
    {
        if (old is not null)
        {
            _names.Detach(old);
        }
        if (fresh is not null)
        {
            _names.Attach(directory, name, fresh);
        }
        return fresh;
    }

    /// <summary>The attributes of an inode, as far as they are known.</summary>
    public Attributes AttributesOf(Inode inode)
    {
        lock (inode.Sync)
        {
            if (inode.Metadata is not { } known)
            {
                // A file: the key is unknown, name and size are all there is to show, and nobody may open it. A directory: a listing has just shown that its marker was replaced.
                var (mode, shown, time) = inode is FileInode unreadable
                    ? (FileType.Regular, unreadable.Size, unreadable.Stored?.LastModified ?? default)
                    : (FileType.Directory | mounted.Owners.DirectoryMode, 0, ((DirectoryInode)inode).MarkerModified);
                var modified = Timestamp.From(time);
                return new Attributes(inode.Number, mode, mounted.Owners.Uid, mounted.Owners.Gid, shown, 1, modified, modified, modified) { CreationTime = modified };
            }
            var (size, links) = inode is FileInode file ? (file.Size, file.IsDetached && file.Stored is null ? 0u : 1u) : (0, 1u);
            return new Attributes(inode.Number, known.Mode, known.Uid, known.Gid, size, links, known.AccessTime, known.ModifyTime, known.ChangeTime)
            {
                Device = known.Device,
                CreationTime = known.CreationTime ?? (known.ModifyTime < known.ChangeTime ? known.ModifyTime : known.ChangeTime),
            };
        }
    }

    /// <summary>What a lookup answers, with the inode's lookup count grown by one.</summary>
    public async ValueTask<Entry> EntryOfAsync(Inode inode, bool withContent, CancellationToken cancellation)
    {
        await metadata.EnsureAsync(inode, withContent, cancellation).ConfigureAwait(false);
        _names.AddLookup(inode);
        return EntryOf(inode);
    }

    public Entry EntryOf(Inode inode) => new(AttributesOf(inode), mounted.Options.AttributesValid, mounted.Options.AttributesValid);
}
