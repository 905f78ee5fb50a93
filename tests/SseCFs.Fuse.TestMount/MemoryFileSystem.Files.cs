namespace SseCFs.Fuse.TestMount;

/// <summary>Open files and directories.</summary>
internal sealed partial class MemoryFileSystem
{
    public ValueTask<OpenedFile> OpenAsync(ulong inode, OpenFlags flags, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = _nodes[inode];
            Prepare(node, flags);
            var hangs = _root.Children.TryGetValue("hangs", out var hanging) && hanging == node;
            return ValueTask.FromResult(new OpenedFile(Open(new Handle(node, hangs, null)), KeepCache: false));
        }
    }

    public ValueTask<(Entry Entry, OpenedFile File)> CreateAsync(
        ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenFlags flags, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_nodes[parent].Children.TryGetValue(MemoryNode.Key(name), out var node))
            {
                Require(!flags.HasFlag(OpenFlags.Exclusive), FsError.Exists);
                Prepare(node, flags);
            }
            else
            {
                node = Make(parent, name, mode, caller);
            }
            return ValueTask.FromResult((Look(node), new OpenedFile(Open(new Handle(node, false, null)), KeepCache: false)));
        }
    }

    public ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var (node, hangs, _) = Find(handle);
            if (hangs)
            {
                return new ValueTask(Task.Delay(Timeout.Infinite, cancellation));
            }
            var count = (int)Math.Clamp(node.Size - offset, 0, length);
            into.Add(node.Content.AsMemory((int)Math.Min(offset, node.Size), count), owner: null);
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask WriteAsync(
        ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Find(handle).Node;
            var at = append ? node.Size : offset;
            Require(at + data.Length <= int.MaxValue / 2, FsError.FileTooLarge);
            node.Resize(Math.Max(node.Size, at + data.Length));
            data.Span.CopyTo(node.Content.AsSpan((int)at));
            if (clearPrivileges)
            {
                node.ClearSetIdBits();
            }
            node.ModifyTime = node.ChangeTime = Now();
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask FlushAsync(ulong handle, Func<ValueTask<bool>>? staysOpen, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask SyncAsync(ulong handle, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ReleaseAsync(ulong handle)
    {
        lock (_lock)
        {
            _handles.Remove(handle);
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask AllocateAsync(ulong handle, AllocateMode mode, long offset, long length, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Find(handle).Node;
            var end = offset + length;
            if (mode is AllocateMode.Reserve or AllocateMode.ZeroRange)
            {
                Require(end <= int.MaxValue / 2, FsError.FileTooLarge);
                node.Resize(Math.Max(node.Size, end));
            }
            if (mode is AllocateMode.PunchHole or AllocateMode.ZeroRange or AllocateMode.ZeroRangeKeepSize && offset < node.Size)
            {
                node.Content.AsSpan((int)offset, (int)(Math.Min(end, node.Size) - offset)).Clear();
            }
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<ulong> OpenDirectoryAsync(ulong inode, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(Open(new Handle(_nodes[inode], false, null)));
        }
    }

    public ValueTask ReadDirectoryAsync(
        ulong handle, ulong offset, bool withAttributes, IDirectorySink sink, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var open = Find(handle);
            if (offset == 0 || open.Listing is null)
            {
                open.Listing = [(".", open.Node), ("..", open.Node), .. open.Node.Children.Select(child => (child.Key, child.Value))];
            }
            for (var i = (int)offset; i < open.Listing.Length; i++)
            {
                var (key, node) = open.Listing[i];
                var item = new DirectoryItem(MemoryNode.Name(key), node.Inode, node.Mode & FileType.Mask, (ulong)i + 1);
                Entry? entry = withAttributes && i > 1 ? new Entry(node.Attributes, Valid, Valid) : null;
                if (!sink.TryAdd(item, entry))
                {
                    break;
                }
                node.Lookups += entry is null ? 0 : 1;
            }
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask SyncDirectoryAsync(ulong handle, CancellationToken cancellation) => ValueTask.CompletedTask;

    public void ReleaseDirectory(ulong handle)
    {
        lock (_lock)
        {
            _handles.Remove(handle);
        }
    }

    private static void Prepare(MemoryNode node, OpenFlags flags)
    {
        Require(!node.IsDirectory, FsError.IsDirectory);
        if (flags.HasFlag(OpenFlags.ClearPrivileges))
        {
            node.ClearSetIdBits();
        }
        if (flags.HasFlag(OpenFlags.Truncate))
        {
            node.Resize(0);
            node.ModifyTime = node.ChangeTime = Now();
        }
    }
}
