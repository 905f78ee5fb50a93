using SseCFs.Tests.Behaviour.Random;

namespace SseCFs.Tests.Support;

/// <content>The way a kernel of POSIX does it: every component is looked up, what was opened is flushed and released.</content>
internal sealed partial class Mount
{
    private static int? UsualMostNames => null;

    /// <summary>How one asks for a name in the root: for that alone.</summary>
    public static string Question(string name) => "List " + name;

    public async Task<ulong> Open(string path, OpenFlags flags = OpenFlags.Read) =>
        (await Files.OpenAsync(await InodeOf(path), flags, User, default)).Handle;

    /// <summary>open(2) with O_CREAT.</summary>
    public async Task<ulong> Create(string path, OpenFlags flags = OpenFlags.Read | OpenFlags.Write, uint mode = 0x1A4, Caller? caller = null)
    {
        var (parent, name) = await Place(path);
        return (await Files.CreateAsync(parent, name, mode, flags, caller ?? User, default)).File.Handle;
    }

    /// <summary>Creates or overwrites a file, and closes it.</summary>
    public async Task Write(string path, byte[] data)
    {
        var handle = await Create(path, OpenFlags.Write | OpenFlags.Truncate);
        await WriteAt(handle, 0, data);
        await Close(handle);
    }

    public async Task<byte[]> Read(string path)
    {
        var handle = await Open(path);
        try
        {
            return await ReadAt(handle, 0, int.MaxValue / 2);
        }
        finally
        {
            await Close(handle);
        }
    }

    /// <summary>Memory is short: the kernel takes back all its lookups.</summary>
    public void KernelForgets()
    {
        // Some were looked up by other operations since.
        for (var inode = IFileSystem.RootInode + 1; inode < _lastInode + 1000; inode++)
        {
            Files.Forget(inode, ulong.MaxValue);
        }
    }

    public Task WriteAt(ulong handle, long offset, byte[] data, bool append = false) => WriteToHandle(handle, offset, data, append);

    public Task<byte[]> ReadAt(ulong handle, long offset, int length) => ReadFromHandle(handle, offset, length);

    public Task Close(ulong handle) => CloseHandle(handle);

    public async Task<Attributes> Change(string path, AttributeChange change) =>
        await Files.SetAttributesAsync(await InodeOf(path), null, change, User, default);

    public Task Truncate(string path, long size) => Change(path, new AttributeChange { Size = size });

    public async Task MakeDirectory(string path, uint mode = 0x1ED)
    {
        var (parent, name) = await Place(path);
        await Files.MakeDirectoryAsync(parent, name, mode, User, default);
    }

    public async Task Link(string target, string path)
    {
        var (parent, name) = await Place(path);
        await Files.MakeSymbolicLinkAsync(parent, name, Bytes(target), User, default);
    }

    public async Task Unlink(string path, CancellationToken cancellation = default)
    {
        var (parent, name) = await Place(path);
        await Files.UnlinkAsync(parent, name, cancellation);
    }

    public async Task RemoveDirectory(string path)
    {
        var (parent, name) = await Place(path);
        await Files.RemoveDirectoryAsync(parent, name, default);
    }

    public async Task Rename(string path, string newPath, RenameFlags flags = RenameFlags.None, CancellationToken cancellation = default)
    {
        var (parent, name) = await Place(path);
        var (newParent, newName) = await Place(newPath);
        await Files.RenameAsync(parent, name, newParent, newName, flags, cancellation);
    }

    /// <summary>Names in a directory, sorted, without "." and "..".</summary>
    public async Task<IReadOnlyList<string>> List(string path = "", bool withAttributes = false)
    {
        var names = await Listing.ReadAsync(Files, await InodeOf(path), withAttributes);
        return [.. names.Where(n => n is not ("." or "..")).Order(StringComparer.Ordinal)];
    }

    /// <summary>What POSIX says to a rename.</summary>
    /// <param name="isOpenBelow">Files in the directory are open.</param>
    public static FsError? RefusalToRename(ModelTree model, string path, string newPath, bool isOpenBelow) => model.CheckRename(path, newPath);

    /// <summary>Permission bits that leave a file usable: here, any.</summary>
    public static uint UsableMode(int bits) => (uint)bits & 0x1FF;

    private partial void Connect()
    {
    }

    private partial ValueTask DisconnectAsync() => ValueTask.CompletedTask;

    private async Task<(ulong Parent, byte[] Name)> Place(string path)
    {
        var cut = path.LastIndexOf('/');
        var parent = (await Lookup(cut < 0 ? "" : path[..cut])).Attributes;
        // The kernel walks no further than a file.
        return parent.IsDirectory
            ? (parent.Inode, Bytes(path[(cut + 1)..]))
            : throw new FsException(FsError.NotDirectory, $"{path[..cut]} is not a directory");
    }
}
