using System.Collections.Concurrent;
using System.Text;

namespace SseCFs.Fuse.Tests.Support;

/// <summary>
/// Notes every call as a line of text and gives fixed answers, at once unless <see cref="Behave"/> waits or throws.
/// </summary>
internal class ScriptedFileSystem : IFileSystem
{
    public static readonly Attributes File = new(
        0x1122, FileType.Regular | 0x1A4, 1000, 1001, 5000, 1, new Timestamp(100, 1), new Timestamp(-200, 2), new Timestamp(300, 3)) { Device = 0x100803 };

    public static readonly Entry Entry = new(File, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2.25));

    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Runs in every call that returns a task, after it was noted.</summary>
    public Func<string, CancellationToken, Task>? Behave { get; set; }

    /// <summary>Thrown by calls that return no task.</summary>
    public Exception? Throws { get; set; }

    public byte[] Content { get; set; } = [];

    /// <summary>How many segments a read is cut into.</summary>
    public int Pieces { get; set; } = 1;

    public string[] Names { get; set; } = [];

    /// <summary>What the last flush was told.</summary>
    public bool? StaysOpen { get; private set; }

    public IInvalidationSink? Invalidation { get; set; }

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public ValueTask<Entry> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, Caller caller, CancellationToken cancellation) =>
        Answer($"lookup {parent} {Text(name)} by {caller.Uid}:{caller.Gid}:{caller.Thread}", Entry, cancellation);

    public ValueTask<Entry> LookupAttributesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE lists with the listing's own attributes");

    public ValueTask EnsureEmptyAsync(ulong inode, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE removes, and is told");

    public KnownInode GetKnown(ulong inode) =>
        throw new FsException(FsError.NotSupported, "FUSE has attributes in no answer but those that ask for them");

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> FindNamesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        throw new FsException(FsError.NotSupported, "FUSE does not ignore case");

    public void Forget(ulong inode, ulong count) => Note($"forget {inode} {count}");

    public ValueTask<Attributes> GetAttributesAsync(ulong inode, ulong? handle, CancellationToken cancellation) =>
        Answer($"getattr {inode} {Show(handle)}", File, cancellation);

    public ValueTask<Attributes> SetAttributesAsync(
        ulong inode, ulong? handle, AttributeChange change, Caller caller, CancellationToken cancellation) =>
        Answer($"setattr {inode} {Show(handle)} mode {Show(change.Mode)} uid {Show(change.Uid)} gid {Show(change.Gid)} " +
            $"size {Show(change.Size)} atime {Show(change.AccessTime)} mtime {Show(change.ModifyTime)} clear {change.ClearPrivileges}", File, cancellation);

    public ValueTask<ReadOnlyMemory<byte>> ReadLinkAsync(ulong inode, CancellationToken cancellation) =>
        Answer<ReadOnlyMemory<byte>>($"readlink {inode}", "target"u8.ToArray(), cancellation);

    public ValueTask<Entry> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellation) =>
        Answer($"mknod {parent} {Text(name)} {mode:x} {device:x}", Entry, cancellation);

    public ValueTask<Entry> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellation) =>
        Answer($"mkdir {parent} {Text(name)} {mode:x}", Entry, cancellation);

    public ValueTask<Entry> MakeSymbolicLinkAsync(
        ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellation) =>
        Answer($"symlink {parent} {Text(name)} -> {Text(target)}", Entry, cancellation);

    public ValueTask UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        Answer($"unlink {parent} {Text(name)}", cancellation);

    public ValueTask RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        Answer($"rmdir {parent} {Text(name)}", cancellation);

    public ValueTask RenameAsync(
        ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameFlags flags, CancellationToken cancellation) =>
        Answer($"rename {parent} {Text(name)} {newParent} {Text(newName)} {flags}", cancellation);

    public ValueTask<OpenedFile> OpenAsync(ulong inode, OpenFlags flags, Caller caller, CancellationToken cancellation) =>
        Answer($"open {inode} {flags}", new OpenedFile(77, KeepCache: true), cancellation);

    public ValueTask<(Entry Entry, OpenedFile File)> CreateAsync(
        ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenFlags flags, Caller caller, CancellationToken cancellation) =>
        Answer($"create {parent} {Text(name)} {mode:x} {flags}", (Entry, new OpenedFile(78, KeepCache: false)), cancellation);

    public virtual async ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation)
    {
        await Answer($"read {handle} {offset} {length}", cancellation);
        var slice = Content.AsMemory((int)Math.Min(offset, Content.Length));
        slice = slice[..Math.Min(slice.Length, length)];
        var piece = (slice.Length + Pieces - 1) / Pieces;
        for (; slice.Length > 0; slice = slice[Math.Min(piece, slice.Length)..])
        {
            into.Add(slice[..Math.Min(piece, slice.Length)], owner: null);
        }
    }

    public virtual ValueTask WriteAsync(
        ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation) =>
        Answer($"write {handle} {offset} {Text(data)} append {append} clear {clearPrivileges}", cancellation);

    public async ValueTask FlushAsync(ulong handle, Func<ValueTask<bool>>? staysOpen, CancellationToken cancellation)
    {
        StaysOpen = staysOpen is null ? null : await staysOpen();
        await Answer($"flush {handle}", cancellation);
    }

    public ValueTask SyncAsync(ulong handle, CancellationToken cancellation) => Answer($"sync {handle}", cancellation);

    public ValueTask ReleaseAsync(ulong handle) => Answer($"release {handle}", CancellationToken.None);

    public ValueTask AllocateAsync(ulong handle, AllocateMode mode, long offset, long length, CancellationToken cancellation) =>
        Answer($"allocate {handle} {mode} {offset} {length}", cancellation);

    public ValueTask<ulong> OpenDirectoryAsync(ulong inode, CancellationToken cancellation) =>
        Answer($"opendir {inode}", 79ul, cancellation);

    public async ValueTask ReadDirectoryAsync(
        ulong handle, ulong offset, bool withAttributes, IDirectorySink sink, CancellationToken cancellation)
    {
        await Answer($"readdir {handle} {offset} {withAttributes}", cancellation);
        for (var i = (int)offset; i < Names.Length; i++)
        {
            var inode = 0x100ul + (ulong)i;
            // Names that start with a dot come without attributes.
            Entry? entry = withAttributes && Names[i][0] != '.' ? Entry with { Attributes = File with { Inode = inode } } : null;
            if (!sink.TryAdd(new DirectoryItem(Encoding.UTF8.GetBytes(Names[i]), inode, FileType.Regular, (ulong)i + 1), entry))
            {
                Note($"full at {i}");
                return;
            }
            if (Names[i] == "breaks")
            {
                throw new FsException(FsError.Unavailable, "the listing broke off");
            }
        }
    }

    public ValueTask SyncDirectoryAsync(ulong handle, CancellationToken cancellation) => Answer($"syncdir {handle}", cancellation);

    public void ReleaseDirectory(ulong handle) => Note($"releasedir {handle}");

    public ValueTask<long> CopyRangeAsync(ulong sourceHandle, long sourceOffset, ulong targetHandle, long targetOffset, long length, CancellationToken cancellation) =>
        Answer($"copy {sourceHandle} {sourceOffset} to {targetHandle} {targetOffset}, {length}", length, cancellation);

    public ValueTask<ReadOnlyMemory<byte>?> GetExtendedAttributeAsync(
        ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        Answer<ReadOnlyMemory<byte>?>($"getxattr {inode} {Text(name)}", "value"u8.ToArray(), cancellation);

    public ValueTask<ReadOnlyMemory<byte>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellation) =>
        Answer<ReadOnlyMemory<byte>>($"listxattr {inode}", "user.a\0user.b\0"u8.ToArray(), cancellation);

    public ValueTask SetExtendedAttributeAsync(
        ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeMode mode, CancellationToken cancellation) =>
        Answer($"setxattr {inode} {Text(name)}={Text(value)} {mode}", cancellation);

    public ValueTask RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        Answer($"removexattr {inode} {Text(name)}", cancellation);

    public Capacity GetCapacity()
    {
        Note("statfs");
        return new Capacity(4096, 1000, 900, 800, 700, 255);
    }

    private static string Show<T>(T? value) where T : struct => value?.ToString() ?? "-";

    private void Note(string call)
    {
        Calls.Enqueue(call);
        if (Throws is { } exception)
        {
            throw exception;
        }
    }

    private async ValueTask Answer(string call, CancellationToken cancellation)
    {
        Calls.Enqueue(call);
        if (Behave is { } behave)
        {
            await behave(call, cancellation);
        }
    }

    private async ValueTask<T> Answer<T>(string call, T value, CancellationToken cancellation)
    {
        await Answer(call, cancellation);
        return value;
    }
}
