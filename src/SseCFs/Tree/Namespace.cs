using System.Collections.Concurrent;

namespace SseCFs.Tree;

/// <summary>
/// All inodes by number and the tree of their names. Numbers are never reused. Thread-safe; see <see cref="Inode"/> for the lock order.
/// </summary>
internal sealed class Namespace
{
    private readonly ConcurrentDictionary<ulong, Inode> _lookedUp = new();
    private readonly string _prefix;
    private readonly TimeProvider _clock;
    private ulong _lastNumber = IFileSystem.RootInode;
    private long _sequence;

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
    public void AddLookup(Inode inode, bool isTold)
    {
        lock (Sync)
        {
            inode.IsTold |= isTold;
            if (inode.Lookups++ == 0)
            {
                _lookedUp[inode.Number] = inode;
            }
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
            }
        }
    }

    /// <summary>Puts an inode under a name. Under <see cref="Sync"/>.</summary>
    public void Attach(DirectoryInode parent, string name, Inode inode)
    {
        inode.Parent = parent;
        inode.Name = name;
        inode.IsDetached = false;
        Touch(inode);
        parent.Children[name] = inode;
        parent.AnyCase.Add(name);
        parent.Removed.Remove(name);
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
            parent.Children.Remove(inode.Name);
            parent.AnyCase.Remove(inode.Name);
            if (parent.Questions > 0)
            {
                parent.Removed[inode.Name] = _sequence;
            }
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
            directory.Questions++;
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
