using System.Collections.Concurrent;

namespace SseCFs.Tree;

/// <summary>
/// All inodes by number and the tree of their names. Numbers are never reused. Thread-safe; see <see cref="Inode"/> for the lock order.
/// </summary>
internal sealed class Namespace
{
    private readonly ConcurrentDictionary<ulong, Inode> _lookedUp = new();
    private readonly LinkedList<DirectoryInode> _byUse = new();
    private readonly string _prefix;
    private readonly TimeProvider _clock;
    private ulong _lastNumber = IFileSystem.RootInode;
    private long _sequence;
    private int _count;

    /// <param name="prefix">What all keys begin with: empty, or ending in '/'.</param>
    public Namespace(string prefix, TimeProvider clock)
    {
        _prefix = prefix;
        _clock = clock;
        Root = new DirectoryInode(IFileSystem.RootInode) { Lookups = 1 };
        _lookedUp[Root.Number] = Root;
    }

    public Lock Sync { get; } = new();

    public DirectoryInode Root { get; }

    /// <summary>The number of names in memory.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The first of the directories that have names in memory, in the order of their last use. Under <see cref="Sync"/>.</summary>
    public LinkedListNode<DirectoryInode>? LeastRecentlyUsed => _byUse.First;

    /// <summary>
    /// Grows with every change of a name. Noted before a request goes out: what has a later <see cref="Inode.ChangedAt"/> when the answer comes
    /// is known here better than the answer tells.
    /// </summary>
    public long Sequence
    {
        get
        {
            lock (Sync)
            {
                return _sequence;
            }
        }
    }

    /// <summary>An inode that the kernel holds; one it should not know any more is <see cref="FsError.Stale"/>.</summary>
    public Inode Get(ulong number) =>
        _lookedUp.TryGetValue(number, out var inode) ? inode : throw new FsException(FsError.Stale, $"inode {number} is not known");

    public DirectoryInode GetDirectory(ulong number) =>
        Get(number) as DirectoryInode ?? throw new FsException(FsError.NotDirectory, $"inode {number} is not a directory");

    public FileInode GetFile(ulong number) =>
        Get(number) as FileInode ?? throw new FsException(FsError.IsDirectory, $"inode {number} is a directory");

    public FileInode NewFile() => new(Interlocked.Increment(ref _lastNumber));

    public DirectoryInode NewDirectory() => new(Interlocked.Increment(ref _lastNumber));

    /// <summary>All files that are known, with a name or only to the kernel.</summary>
    public IReadOnlyCollection<FileInode> Files()
    {
        var files = new HashSet<FileInode>(_lookedUp.Values.OfType<FileInode>());
        lock (Sync)
        {
            var left = new Stack<DirectoryInode>([Root]);
            while (left.TryPop(out var directory))
            {
                foreach (var child in directory.Children.Values)
                {
                    if (child is FileInode file)
                    {
                        files.Add(file);
                    }
                    else
                    {
                        left.Push((DirectoryInode)child);
                    }
                }
            }
        }
        return files;
    }

    /// <summary>Counts a lookup that the kernel will take back with <see cref="Forget"/>.</summary>
    /// <param name="isTold">It keeps the entry that it is given.</param>
    /// <returns>False: the inode was dropped from memory since it was found, and the name is to be looked up again.</returns>
    public bool TryAddLookup(Inode inode, bool isTold)
    {
        lock (Sync)
        {
            if (inode.IsEvicted)
            {
                return false;
            }
            inode.IsTold |= isTold;
            inode.IsToBeForgotten = false;
            if (inode.Lookups++ == 0)
            {
                _lookedUp[inode.Number] = inode;
            }
            if (inode.Parent is { } parent)
            {
                NoteUse(parent);
            }
            return true;
        }
    }

    public void Forget(ulong number, ulong count)
    {
        lock (Sync)
        {
            if (number == Root.Number || !_lookedUp.TryGetValue(number, out var inode))
            {
                return;
            }
            inode.Lookups -= Math.Min(count, inode.Lookups);
            if (inode.Lookups == 0)
            {
                _lookedUp.TryRemove(number, out _);
                var isToGo = inode.IsToBeForgotten;
                // In use just now, it waits for its next turn.
                inode.IsToBeForgotten = false;
                if (isToGo && IsOnlyKnown(inode))
                {
                    Evict(inode);
                }
            }
        }
    }

    /// <summary>Puts an inode under a name. Another one that a question has found there meanwhile is detached. Under <see cref="Sync"/>.</summary>
    public void Attach(DirectoryInode parent, string name, Inode inode)
    {
        if (parent.Children.TryGetValue(name, out var there) && !ReferenceEquals(there, inode))
        {
            Detach(there);
        }
        inode.Parent = parent;
        inode.Name = name;
        inode.IsDetached = false;
        Touch(inode);
        if (parent.Children.TryAdd(name, inode))
        {
            _count++;
        }
        parent.AnyCase.Add(name);
        parent.Removed.Remove(name);
        NoteUse(parent);
    }

    /// <summary>
    /// Whether an inode that has a name is of no use but that it is known: nobody but the kernel would miss it. Whoever holds the gate of its directory may have found it there
    /// and go on with it, and an answer under way about names there may know less than the inode. Under <see cref="Sync"/>.
    /// </summary>
    public bool IsOnlyKnown(Inode inode)
    {
        if (inode is not { IsDetached: false, Parent: { IsGateFree: true, Readers: 0 } parent } || parent.Questions > 0 && inode.ChangedAt > parent.QuestionsSince
            || MoveOf(inode) is not null)
        {
            return false;
        }
        lock (inode.Sync)
        {
            return inode is { IsGateFree: true, Loading: null, Journal: null, AreAttributesNewer: false } && inode switch
            {
                FileInode file => file is { Handles: 0, HoldsUnsaved: false, HasAttempts: false },
                DirectoryInode directory => directory is { Children.Count: 0, Questions: 0, Readers: 0, Listing: null },
                _ => false,
            };
        }
    }

    /// <summary>Drops an inode from memory that <see cref="IsOnlyKnown"/> and that the kernel does not have. Its directory is not fully known any more. Under <see cref="Sync"/>.</summary>
    public void Evict(Inode inode)
    {
        inode.IsEvicted = inode.IsDetached = true;
        RemoveChild(inode);
        var parent = inode.Parent!;
        parent.EvictedAt = ++_sequence;
        parent.ListedAt = null;
        parent.Run = null;
        if (inode is FileInode file)
        {
            lock (file.Sync)
            {
                file.Content?.Dispose();
                file.Content = null;
            }
        }
    }

    /// <summary>Begins to read a directory's names: until <see cref="EndReading"/>, none of them is dropped from memory.</summary>
    public void BeginReading(DirectoryInode directory)
    {
        lock (Sync)
        {
            directory.Readers++;
            NoteUse(directory);
        }
    }

    public void EndReading(DirectoryInode directory)
    {
        lock (Sync)
        {
            directory.Readers--;
        }
    }

    /// <summary>Takes an inode from its name; it keeps parent and name for messages. Under <see cref="Sync"/>.</summary>
    public void Detach(Inode inode)
    {
        inode.IsDetached = true;
        Take(inode);
    }

    private void Take(Inode inode)
    {
        inode.ChangedAt = ++_sequence;
        if (inode.Parent is { } parent && parent.Children.TryGetValue(inode.Name, out var there) && ReferenceEquals(there, inode))
        {
            RemoveChild(inode);
            if (parent.Questions > 0)
            {
                parent.Removed[inode.Name] = _sequence;
            }
        }
    }

    private void RemoveChild(Inode inode)
    {
        var parent = inode.Parent!;
        parent.Children.Remove(inode.Name);
        parent.AnyCase.Remove(inode.Name);
        _count--;
        if (parent.Children.Count == 0 && parent.Use.List is not null)
        {
            _byUse.Remove(parent.Use);
        }
    }

    private void NoteUse(DirectoryInode directory)
    {
        if (directory.Use.List is not null)
        {
            _byUse.Remove(directory.Use);
        }
        if (directory.Children.Count > 0)
        {
            _byUse.AddLast(directory.Use);
        }
    }

    /// <summary>Moves an inode from its name to another one; at no moment does it have none. Under <see cref="Sync"/>.</summary>
    public void Move(Inode inode, DirectoryInode parent, string name)
    {
        Take(inode);
        Attach(parent, name, inode);
    }

    /// <summary>What we know of this entry is newer than any answer under way. Under <see cref="Sync"/>.</summary>
    public void Touch(Inode inode)
    {
        inode.ChangedAt = ++_sequence;
        inode.ConfirmedAt = _clock.GetTimestamp();
        for (var above = inode.Parent; above is not null; above = above.Parent)
        {
            above.ChangedBelowAt = _sequence;
        }
    }

    /// <summary>Notes that the store has the entry as it is known here. Under <see cref="Sync"/>.</summary>
    public void Confirm(Inode inode)
    {
        inode.ConfirmedAt = _clock.GetTimestamp();
        inode.IsTold = false;
    }

    /// <summary>Begins a request to the store about names in a directory; <see cref="EndQuestion"/> ends it.</summary>
    /// <returns>The <see cref="Sequence"/> to compare with when the answer comes.</returns>
    public long BeginQuestion(DirectoryInode directory)
    {
        lock (Sync)
        {
            if (directory.Questions++ == 0)
            {
                directory.QuestionsSince = _sequence;
            }
            return _sequence;
        }
    }

    public void EndQuestion(DirectoryInode directory)
    {
        lock (Sync)
        {
            if (--directory.Questions == 0)
            {
                directory.Removed.Clear();
            }
        }
    }

    /// <summary>The key of a file, or what all keys in a directory begin with (its marker's key too).</summary>
    public string KeyOf(Inode inode)
    {
        lock (Sync)
        {
            return inode is DirectoryInode directory ? PrefixOf(directory) : PrefixOf(inode.Parent!) + inode.Name;
        }
    }

    /// <summary>The key that a name in a directory has. Longer than S3 allows: <see cref="FsError.NameTooLong"/>.</summary>
    public string KeyOf(DirectoryInode parent, string name)
    {
        lock (Sync)
        {
            var key = PrefixOf(parent) + name;
            return System.Text.Encoding.UTF8.GetByteCount(key) < FileName.LongestKey
                ? key
                : throw new FsException(FsError.NameTooLong, "the path is longer than the 1,024 bytes of an object's key");
        }
    }

    /// <summary>The move under way of this directory or of one above: what would change keys there waits for it. Null if there is none.</summary>
    public Task? MoveOf(Inode inode)
    {
        lock (Sync)
        {
            for (var above = inode; above is not null; above = above.Parent)
            {
                if (above is DirectoryInode { Move: { } move })
                {
                    return move;
                }
            }
            return null;
        }
    }

    private string PrefixOf(DirectoryInode directory) =>
        directory.Parent is null ? _prefix : PrefixOf(directory.Parent) + directory.Name + "/";
}
