namespace SseCFs.Contract;

/// <summary>
/// The operations an adapter (FUSE, WinFsp) calls: asynchronous, cancellable, by inode number and handle.
/// Every method is safe to call from any thread at any time; failures are <see cref="FsException"/>, a
/// cancelled wait is <see cref="OperationCanceledException"/>. Names are raw bytes without NUL and '/';
/// memory passed in must stay valid until the returned task has completed.
/// </summary>
/// <remarks>
/// Every method that returns an <see cref="Entry"/> adds one to that inode's lookup count, which
/// <see cref="Forget"/> takes back; inode numbers are never reused. The root is <see cref="RootInode"/> and is
/// never forgotten. What is in memory is answered synchronously: the returned task is then already complete.
/// </remarks>
public interface IFileSystem
{
    /// <summary>The inode number of the mounted directory.</summary>
    const ulong RootInode = 1;

    /// <summary>An entry that may be opened next: with its attributes comes the beginning of the content, and an open by the same caller at once need not ask again.</summary>
    ValueTask<Entry> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, Caller caller, CancellationToken cancellation);

    /// <summary>An entry of which only the attributes are wanted, as in a listing.</summary>
    ValueTask<Entry> LookupAttributesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    /// <summary>
    /// The names in a directory that are equal to one but for the case of letters, in the order of their keys: for systems that ignore case. In a directory of more than
    /// 10,000 entries a name in another case is found a minute late, if another machine has made it.
    /// </summary>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> FindNamesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    /// <summary>Takes back <paramref name="count"/> lookups of an inode. Starts no work and never fails.</summary>
    void Forget(ulong inode, ulong count);

    ValueTask<Attributes> GetAttributesAsync(ulong inode, ulong? handle, CancellationToken cancellation);

    /// <summary>
    /// Returns what this mount knows of an inode that was looked up. Sends no request and does not fail: adapters answer an operation that has succeeded with it.
    /// </summary>
    KnownInode GetKnown(ulong inode);

    ValueTask<Attributes> SetAttributesAsync(ulong inode, ulong? handle, AttributeChange change, Caller caller, CancellationToken cancellation);

    ValueTask<ReadOnlyMemory<byte>> ReadLinkAsync(ulong inode, CancellationToken cancellation);

    /// <summary>Makes a regular file, FIFO, socket or device node; other types are <see cref="FsError.NotPermitted"/>.</summary>
    /// <param name="mode">File type and permission bits, umask already applied.</param>
    /// <param name="device">Of a device node: its number, as in <see cref="Attributes.Device"/>; else ignored.</param>
    ValueTask<Entry> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellation);

    ValueTask<Entry> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellation);

    ValueTask<Entry> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellation);

    ValueTask UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    /// <summary>Fails with <see cref="FsError.NotEmpty"/> if a directory has anything in it, names that no file system can show included; changes nothing.</summary>
    ValueTask EnsureEmptyAsync(ulong inode, CancellationToken cancellation);

    ValueTask RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    ValueTask RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameFlags flags, CancellationToken cancellation);

    /// <summary>
    /// Opens a regular file. <see cref="FsError.Stale"/> means that the object behind the inode was replaced
    /// while older handles still read the version they opened, or is gone and the caller keeps entries: look the name up again.
    /// </summary>
    ValueTask<OpenedFile> OpenAsync(ulong inode, OpenFlags flags, Caller caller, CancellationToken cancellation);

    /// <summary>Makes and opens a regular file; one that exists is opened unless <see cref="OpenFlags.Exclusive"/> is set.</summary>
    ValueTask<(Entry Entry, OpenedFile File)> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenFlags flags, Caller caller, CancellationToken cancellation);

    /// <summary>
    /// Adds up to <paramref name="length"/> bytes from <paramref name="offset"/> to <paramref name="into"/>;
    /// fewer only at the end of the file.
    /// </summary>
    ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation);

    /// <summary>Stages data; the buffer may be reused once the task has completed.</summary>
    /// <param name="append">Write at the end of the file, wherever that is by now.</param>
    /// <param name="clearPrivileges">Clear set-user-id and set-group-id bits, as POSIX wants of an ordinary user's write.</param>
    ValueTask WriteAsync(ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation);

    /// <summary>copy_file_range(2), done by the service where it can.</summary>
    /// <returns>Bytes copied.</returns>
    /// <exception cref="FsException"><see cref="FsError.NotSupported"/>: nothing was done; read and write instead.</exception>
    ValueTask<long> CopyRangeAsync(ulong sourceHandle, long sourceOffset, ulong targetHandle, long targetOffset, long length, CancellationToken cancellation);

    /// <summary>close(2) on one descriptor: returns once what was written is stored, or fails with the upload's error.</summary>
    /// <param name="staysOpen">
    /// Tells whether the process that opened the file has another descriptor of it that can write; null: it has none. Then nothing is
    /// uploaded yet, as the content may be half of what the process is going to write, and the close of the other descriptor is a flush
    /// of its own. It is asked only where something is to be stored, and its answer counts only where no other handle can write the
    /// file, since whose descriptor it is cannot be told.
    /// </param>
    ValueTask FlushAsync(ulong handle, Func<ValueTask<bool>>? staysOpen, CancellationToken cancellation);

    /// <summary>fsync(2): data and metadata are stored when it returns.</summary>
    ValueTask SyncAsync(ulong handle, CancellationToken cancellation);

    /// <summary>The last descriptor of an open file is gone. Stores what a shared mapping wrote after the last flush.</summary>
    ValueTask ReleaseAsync(ulong handle);

    /// <summary>fallocate(2): reserves (grows), or zeroes a range.</summary>
    ValueTask AllocateAsync(ulong handle, AllocateMode mode, long offset, long length, CancellationToken cancellation);

    /// <summary>Opens a directory; its handle reads one stable snapshot, taken anew whenever it is read from offset 0.</summary>
    ValueTask<ulong> OpenDirectoryAsync(ulong inode, CancellationToken cancellation);

    /// <summary>
    /// Hands entries to <paramref name="sink"/> from <paramref name="offset"/> (0, or an entry's
    /// <see cref="DirectoryItem.NextOffset"/>) until it is full or the directory ends.
    /// </summary>
    ValueTask ReadDirectoryAsync(ulong handle, ulong offset, bool withAttributes, IDirectorySink sink, CancellationToken cancellation);

    /// <summary>fsync(2) of a directory: waits until the metadata of everything directly in it is stored.</summary>
    ValueTask SyncDirectoryAsync(ulong handle, CancellationToken cancellation);

    void ReleaseDirectory(ulong handle);

    /// <returns>Null: it has no such attribute. No error, as `ls -l` asks for two that hardly any file has.</returns>
    ValueTask<ReadOnlyMemory<byte>?> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    /// <summary>All names, each followed by a NUL, as listxattr(2) gives them.</summary>
    ValueTask<ReadOnlyMemory<byte>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellation);

    ValueTask SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeMode mode, CancellationToken cancellation);

    ValueTask RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation);

    Capacity GetCapacity();

    /// <summary>Who is told that cached pages or names are out of date; the adapter sets it before it serves.</summary>
    IInvalidationSink? Invalidation { get; set; }
}

/// <summary>Takes directory entries as they are read; see <see cref="IFileSystem.ReadDirectoryAsync"/>.</summary>
public interface IDirectorySink
{
    /// <summary>
    /// Takes one entry, or answers false when it has no more room (the entry is then offered again on the next read).
    /// </summary>
    /// <param name="item">The entry; its name is valid during the call only.</param>
    /// <param name="entry">
    /// With attributes: the entry as a lookup would give it, and when true is returned its lookup count has grown by
    /// one. Null without attributes, for "." and "..", and where attributes could not be had.
    /// </param>
    bool TryAdd(in DirectoryItem item, in Entry? entry);
}

/// <summary>Told of what changed behind the adapter's back, so that the kernel's caches can be dropped. Never blocks the caller.</summary>
public interface IInvalidationSink
{
    /// <param name="isOpen">There are handles, whose pages may be of the version before. Else it is enough that the next open drops them: see <see cref="OpenedFile"/>.</param>
    void InvalidateContent(ulong inode, bool isOpen);

    /// <summary>
    /// Attributes alone, and before this returns: the answer to the request that changed them must not overtake it. Takes no lock that a request holds.
    /// </summary>
    void InvalidateAttributes(ulong inode);

    void InvalidateEntry(ulong parent, ReadOnlyMemory<byte> name);
}
