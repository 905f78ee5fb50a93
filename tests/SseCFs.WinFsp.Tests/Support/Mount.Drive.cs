using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Tests.Behaviour.Random;
using SseCFs.WinFsp;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Tests.Support;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;

namespace SseCFs.Tests.Support;

/// <content>The way Windows does it, on a drive.</content>
internal sealed partial class Mount
{
    private readonly ConcurrentDictionary<ulong, NtFile> _handles = new();

    /// <summary>As the command mounts a drive.</summary>
    private static int? UsualMostNames => int.MaxValue;

    public Driver Driver { get; private set; } = null!;

    /// <summary>How one asks for a name in the root: for all, since it may be there in other letters.</summary>
    public static string Question(string name) => "List ";

    /// <returns>The core's handle, so that tests can go on with it.</returns>
    public Task<ulong> Open(string path, OpenFlags flags = OpenFlags.Read) => Told(() => OpenAsync(path, flags));

    private async Task<ulong> OpenAsync(string path, OpenFlags flags)
    {
        var file = await Driver.OpenAsync(PathOf(path), AccessOf(flags), FILE_NON_DIRECTORY_FILE);
        if ((flags & OpenFlags.Truncate) != 0)
        {
            await Driver.SetSizeAsync(file, 0);
        }
        return Remember(file);
    }

    public Task<ulong> Create(string path, OpenFlags flags = OpenFlags.Read | OpenFlags.Write, uint mode = 0x1A4, Caller? caller = null) => Told(() => CreateAsync(path, flags));

    private async Task<ulong> CreateAsync(string path, OpenFlags flags)
    {
        var disposition = (flags & OpenFlags.Exclusive) != 0 ? Disposition.Create : (flags & OpenFlags.Truncate) != 0 ? Disposition.OverwriteIf : Disposition.OpenIf;
        return Remember((await Driver.CreateAsync(PathOf(path), disposition, FILE_NON_DIRECTORY_FILE, AccessOf(flags))).File);
    }

    /// <summary>Windows remembers no names but of what is open.</summary>
#pragma warning disable CA1822 // as with a kernel that does
    public void KernelForgets()
#pragma warning restore CA1822
    {
    }

    public async Task Write(string path, byte[] data)
    {
        var handle = await Create(path, OpenFlags.Write | OpenFlags.Truncate);
        await WriteAt(handle, 0, data);
        await Close(handle);
    }

    public Task WriteAt(ulong handle, long offset, byte[] data, bool append = false) =>
        _handles.TryGetValue(handle, out var file) ? Told(() => WriteAsync(file, offset, data, append)) : WriteToHandle(handle, offset, data, append);

    private async Task WriteAsync(NtFile file, long offset, byte[] data, bool append)
    {
        for (var at = 0; at < data.Length; at += 64 << 10)
        {
            await Driver.WriteAsync(file, offset + at, data[at..Math.Min(data.Length, at + (64 << 10))], append);
        }
    }

    /// <summary>FlushFileBuffers, then CloseHandle: only the first tells what failed.</summary>
    public Task Close(ulong handle) => _handles.TryRemove(handle, out var file) ? Told(() => CloseAsync(file)) : CloseHandle(handle);

    private async Task CloseAsync(NtFile file)
    {
        try
        {
            if (file.IsModified)
            {
                await Driver.FlushAsync(file);
            }
        }
        finally
        {
            await Driver.CloseAsync(file);
        }
    }

    public Task<byte[]> Read(string path) => Told(() => ReadWholeAsync(path));

    private async Task<byte[]> ReadWholeAsync(string path)
    {
        var file = await Driver.OpenAsync(PathOf(path), AccessOf(OpenFlags.Read), FILE_NON_DIRECTORY_FILE);
        try
        {
            return await ReadAllAsync(file, 0, int.MaxValue / 2);
        }
        finally
        {
            await Driver.CloseAsync(file);
        }
    }

    public Task<byte[]> ReadAt(ulong handle, long offset, int length) =>
        _handles.TryGetValue(handle, out var file) ? Told(() => ReadAllAsync(file, offset, length)) : ReadFromHandle(handle, offset, length);

    public async Task<Attributes> Change(string path, AttributeChange change) =>
        await Files.SetAttributesAsync(await InodeOf(path), null, change, User, default);

    public Task Truncate(string path, long size) => Told(() => TruncateAsync(path, size));

    private async Task TruncateAsync(string path, long size)
    {
        var file = await Driver.OpenAsync(PathOf(path), AccessOf(OpenFlags.Write), FILE_NON_DIRECTORY_FILE);
        try
        {
            await Driver.SetSizeAsync(file, size);
            await Driver.FlushAsync(file);
        }
        finally
        {
            await Driver.CloseAsync(file);
        }
    }

    public Task MakeDirectory(string path, uint mode = 0x1ED) =>
        Told(async () => await Driver.CloseAsync((await Driver.CreateAsync(PathOf(path), Disposition.Create, FILE_DIRECTORY_FILE)).File));

    public Task Link(string target, string path) => Told(() => LinkAsync(target, path));

    private async Task LinkAsync(string target, string path)
    {
        var (file, _) = await Driver.CreateAsync(PathOf(path), Disposition.Create);
        await Driver.SetLinkAsync(file, SymbolicLinkData.Encode(WindowsName.OfPosixPath(target)));
        await Driver.CloseAsync(file);
    }

    public Task Unlink(string path, CancellationToken cancellation = default) => Told(() => DeleteAsync(path, FILE_NON_DIRECTORY_FILE));

    public Task RemoveDirectory(string path) => Told(() => DeleteAsync(path, FILE_DIRECTORY_FILE));

    public Task Rename(string path, string newPath, RenameFlags flags = RenameFlags.None, CancellationToken cancellation = default) =>
        Told(() => RenameAsync(path, newPath, flags));

    private async Task RenameAsync(string path, string newPath, RenameFlags flags)
    {
        var file = await Driver.OpenAsync(PathOf(path), Access.Delete, FILE_OPEN_REPARSE_POINT);
        try
        {
            await Driver.RenameAsync(file, PathOf(newPath), (flags & RenameFlags.NoReplace) == 0, isPosix: true);
        }
        finally
        {
            await Driver.CloseAsync(file);
        }
    }

    public Task<IReadOnlyList<string>> List(string path = "", bool withAttributes = false) => Told(() => ListAsync(path));

    private async Task<IReadOnlyList<string>> ListAsync(string path)
    {
        var folder = await Driver.OpenAsync(PathOf(path), Access.ReadData, FILE_DIRECTORY_FILE);
        var names = await Driver.ListAsync(folder);
        await Driver.CloseAsync(folder);
        return [.. names.Select(one => one.Name).Where(name => name is not ("." or "..")).Order(StringComparer.Ordinal)];
    }

    /// <summary>Windows replaces no folder, moves none in which files are open, and none into itself.</summary>
    public static FsError? RefusalToRename(ModelTree model, string path, string newPath, bool isOpenBelow) =>
        (model.WalkTo(path) ?? (model.Paths.ContainsKey(path) ? null : FsError.NotFound)) is { } missing ? missing
        : isOpenBelow ? FsError.AccessDenied
        : model.WalkTo(newPath) is { } noPlace ? noPlace
        : path == newPath ? null
        : model.Paths.ContainsKey(newPath) && (model.IsDirectory(path) || model.IsDirectory(newPath)) ? FsError.AccessDenied
        : model.CheckRename(path, newPath);

    /// <summary>Permission bits that leave a file usable: without write permission it is read-only, and not even deleted.</summary>
    public static uint UsableMode(int bits) => (uint)bits & 0x1FF | 0x180;

    private partial void Connect() => Driver = new Driver(new DriveFileSystem(
        Files,
        new DriveOptions { Label = "test", Owners = new Owners(SecurityIds.OfUid(1000), null, null), Uid = 1000, Gid = 1000, IsReadOnly = _options.IsReadOnly, AllowOthers = true },
        NullLogger.Instance));

    private partial ValueTask DisconnectAsync()
    {
        _handles.Clear();
        return Driver.DisposeAsync();
    }

    /// <summary>As a program of POSIX's would have it: gone at once, and readable by who has it open.</summary>
    private async Task DeleteAsync(string path, uint kind)
    {
        var file = await Driver.OpenAsync(PathOf(path), Access.Delete, kind | FILE_OPEN_REPARSE_POINT);
        try
        {
            await Driver.DeletePosixAsync(file);
        }
        catch
        {
            await Driver.CloseAsync(file);
            throw;
        }
    }

    private async Task<byte[]> ReadAllAsync(NtFile file, long offset, int length)
    {
        var result = new MemoryStream();
        while (length > 0)
        {
            var asked = Math.Min(length, 1 << 20);
            var data = await Driver.ReadAsync(file, offset, asked);
            result.Write(data);
            offset += data.Length;
            length -= data.Length;
            if (data.Length < asked)
            {
                break;
            }
        }
        return result.ToArray();
    }

    private ulong Remember(NtFile file)
    {
        var handle = ((OpenNode)file.Node).Handle!.Value;
        _handles[handle] = file;
        return handle;
    }

    /// <summary>Statuses as the reasons they come from, so that one suite says what is due; of several, the first.</summary>
    private static async Task<T> Told<T>(Func<Task<T>> operation)
    {
        try
        {
            return await operation();
        }
        catch (NtException e)
        {
            var reason = e.Status == STATUS_OBJECT_PATH_NOT_FOUND ? FsError.NotFound : Enum.GetValues<FsError>().Cast<FsError?>().FirstOrDefault(one => NtStatus.Of(one!.Value) == e.Status);
            throw reason is { } known ? new FsException(known, e.Message, e) : e;
        }
    }

    private static async Task Told(Func<Task> operation)
    {
        await Told(async () =>
        {
            await operation();
            return 0;
        });
    }

    private static uint AccessOf(OpenFlags flags) =>
        Access.ReadAttributes | ((flags & OpenFlags.Read) != 0 ? Access.ReadData : 0) | ((flags & (OpenFlags.Write | OpenFlags.Append | OpenFlags.Truncate)) != 0 ? Access.WriteData | Access.WriteAttributes : 0);

    private static string PathOf(string path) => "\\" + path.Replace('/', '\\');
}
