using System.Runtime.InteropServices;
using System.Text;

namespace SseCFs.Fuse.TestMount;

/// <summary>
/// A small file system in memory, right enough for real programs: what the adapter is tried with. One lock; everything is
/// answered at once, except that reading a file named "hangs" waits until it is cancelled.
/// </summary>
internal sealed partial class MemoryFileSystem : IFileSystem
{
    private sealed record Handle(MemoryNode Node, bool Hangs, (string Key, MemoryNode Node)[]? Listing)
    {
        public (string Key, MemoryNode Node)[]? Listing { get; set; } = Listing;
    }

    private static readonly TimeSpan Valid = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, MemoryNode> _nodes = [];
    private readonly Dictionary<ulong, Handle> _handles = [];
    private readonly MemoryNode _root;
    private ulong _lastInode = IFileSystem.RootInode;
    private ulong _lastHandle;

    public MemoryFileSystem(uint uid, uint gid)
    {
        _root = new MemoryNode(IFileSystem.RootInode, FileType.Directory | 0x1ED, uid, gid);
        Touch(_root);
        _nodes.Add(_root.Inode, _root);
    }

    public IInvalidationSink? Invalidation { get; set; }

    public Capacity GetCapacity() => new(4096, 1UL << 38, 1UL << 38, 1UL << 32, 1UL << 32, 255);

    public ValueTask<Entry> LookupAttributesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE lists with the listing's own attributes");

    public ValueTask EnsureEmptyAsync(ulong inode, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE removes, and is told");

    public KnownInode GetKnown(ulong inode) =>
        throw new FsException(FsError.NotSupported, "FUSE has attributes in no answer but those that ask for them");

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> FindNamesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE does not ignore case");

    public ValueTask<Entry> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _nodes[parent].Children.TryGetValue(MemoryNode.Key(name), out var node)
                ? ValueTask.FromResult(Look(node))
                : ValueTask.FromException<Entry>(new FsException(FsError.NotFound, "no such entry"));
        }
    }

    public void Forget(ulong inode, ulong count)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(inode, out var node))
            {
                node.Lookups -= (long)count;
            }
        }
    }

    public ValueTask<Attributes> GetAttributesAsync(ulong inode, ulong? handle, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_nodes[inode].Attributes);
        }
    }

    public ValueTask<Attributes> SetAttributesAsync(
        ulong inode, ulong? handle, AttributeChange change, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = _nodes[inode];
            if (change.ClearPrivileges)
            {
                node.ClearSetIdBits();
            }
            node.Mode = change.Mode is { } mode ? (node.Mode & FileType.Mask) | mode : node.Mode;
            node.Uid = change.Uid ?? node.Uid;
            node.Gid = change.Gid ?? node.Gid;
            if (change.Size is { } size)
            {
                node.Resize(size);
                node.ModifyTime = Now();
            }
            node.AccessTime = change.AccessTime ?? node.AccessTime;
            node.ModifyTime = change.ModifyTime ?? node.ModifyTime;
            node.ChangeTime = Now();
            return ValueTask.FromResult(node.Attributes);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadLinkAsync(ulong inode, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(_nodes[inode].Target);
        }
    }

    public ValueTask<Entry> MakeNodeAsync(
        ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellation)
    {
        if ((mode & FileType.Mask) is not (FileType.Regular or FileType.Fifo or FileType.Socket))
        {
            return ValueTask.FromException<Entry>(new FsException(FsError.NotPermitted, "no device nodes"));
        }
        lock (_lock)
        {
            return ValueTask.FromResult(Look(Make(parent, name, mode, caller)));
        }
    }

    public ValueTask<Entry> MakeDirectoryAsync(
        ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(Look(Make(parent, name, mode, caller)));
        }
    }

    public ValueTask<Entry> MakeSymbolicLinkAsync(
        ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Make(parent, name, FileType.SymbolicLink | 0x1FF, caller);
            node.Target = target.ToArray();
            node.Size = target.Length;
            return ValueTask.FromResult(Look(node));
        }
    }

    public ValueTask UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Child(parent, name);
            Require(!node.IsDirectory, FsError.IsDirectory);
            _nodes[parent].Children.Remove(MemoryNode.Key(name));
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Child(parent, name);
            Require(node.IsDirectory, FsError.NotDirectory);
            Require(node.Children.Count == 0, FsError.NotEmpty);
            _nodes[parent].Children.Remove(MemoryNode.Key(name));
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask RenameAsync(
        ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameFlags flags, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var node = Child(parent, name);
            var target = _nodes[newParent].Children.GetValueOrDefault(MemoryNode.Key(newName));
            Require(target is null || !flags.HasFlag(RenameFlags.NoReplace), FsError.Exists);
            Require(target is null || !target.IsDirectory || target.Children.Count == 0, FsError.NotEmpty);
            _nodes[parent].Children.Remove(MemoryNode.Key(name));
            _nodes[newParent].Children[MemoryNode.Key(newName)] = node;
            if (flags.HasFlag(RenameFlags.Exchange))
            {
                Require(target is not null, FsError.NotFound);
                _nodes[parent].Children[MemoryNode.Key(name)] = target!;
            }
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<long> CopyRangeAsync(ulong sourceHandle, long sourceOffset, ulong targetHandle, long targetOffset, long length, CancellationToken cancellation) =>
        ValueTask.FromException<long>(new FsException(FsError.NotSupported, "this file system copies nothing by itself"));

    public ValueTask<ReadOnlyMemory<byte>?> GetExtendedAttributeAsync(
        ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(
                _nodes[inode].ExtendedAttributes.TryGetValue(MemoryNode.Key(name), out var value) ? value : (ReadOnlyMemory<byte>?)null);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var names = string.Concat(_nodes[inode].ExtendedAttributes.Keys.Select(key => key + "\0"));
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.Latin1.GetBytes(names));
        }
    }

    public ValueTask SetExtendedAttributeAsync(
        ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeMode mode, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var all = _nodes[inode].ExtendedAttributes;
            var exists = all.ContainsKey(MemoryNode.Key(name));
            Require(mode != ExtendedAttributeMode.Create || !exists, FsError.Exists);
            Require(mode != ExtendedAttributeMode.Replace || exists, FsError.NoAttribute);
            all[MemoryNode.Key(name)] = value.ToArray();
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        lock (_lock)
        {
            Require(_nodes[inode].ExtendedAttributes.Remove(MemoryNode.Key(name)), FsError.NoAttribute);
            return ValueTask.CompletedTask;
        }
    }

    private static void Require(bool condition, FsError otherwise)
    {
        if (!condition)
        {
            throw new FsException(otherwise, otherwise.ToString());
        }
    }

    private static Timestamp Now() => Timestamp.From(TimeProvider.System.GetUtcNow());

    private static void Touch(MemoryNode node) => node.AccessTime = node.ModifyTime = node.ChangeTime = Now();

    private MemoryNode Child(ulong parent, ReadOnlyMemory<byte> name)
    {
        Require(_nodes[parent].Children.TryGetValue(MemoryNode.Key(name), out var node), FsError.NotFound);
        return node!;
    }

    private MemoryNode Make(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller)
    {
        Require(!_nodes[parent].Children.ContainsKey(MemoryNode.Key(name)), FsError.Exists);
        Require(name.Length <= 255, FsError.NameTooLong);
        var node = new MemoryNode(++_lastInode, mode, caller.Uid, caller.Gid);
        Touch(node);
        _nodes.Add(node.Inode, node);
        _nodes[parent].Children.Add(MemoryNode.Key(name), node);
        return node;
    }

    private static Entry Look(MemoryNode node)
    {
        node.Lookups++;
        return new Entry(node.Attributes, Valid, Valid);
    }

    private ulong Open(Handle handle)
    {
        _handles.Add(++_lastHandle, handle);
        return _lastHandle;
    }

    private Handle Find(ulong handle)
    {
        ref var found = ref CollectionsMarshal.GetValueRefOrNullRef(_handles, handle);
        Require(!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref found), FsError.BadHandle);
        return found;
    }
}
