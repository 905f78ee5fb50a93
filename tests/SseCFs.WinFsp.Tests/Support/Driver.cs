using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Fsp.Interop;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;
using FileInfo = Fsp.Interop.FileInfo;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>
/// Stands in for WinFsp's driver and its library, as far as they are between a program and the callbacks: which callbacks an NtCreateFile becomes (src/dll/fsop.c),
/// reparse points followed, sharing, pending deletion, renames of what is open (src/sys), answers that come later. What throws in a callback becomes a status as in FileSystemHost.
/// Thread-safe.
/// </summary>
internal sealed class Driver : Drive, IDriveHost
{
    private const int MostLinks = 32;

    private readonly DriveFileSystem _drive;
    private readonly Lock _sync = new();
    private readonly List<NtFile> _open = [];
    private readonly HashSet<string> _deleting = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<(int Status, uint Bytes, FileInfo Info)>> _pending = new();
    private readonly AsyncLocal<ulong> _current = new();
    private readonly ConcurrentDictionary<Task, byte> _sending = new();

    // As FspFileSystemOpEnter guards a file system: whoever may change names is alone.
    private readonly ReaderWriterLockSlim _guard = new();
    private ulong _lastRequest;

    public Driver(DriveFileSystem drive)
    {
        _drive = drive;
        drive.Connect(this);
    }

    /// <summary>What watchers were told.</summary>
    public ConcurrentQueue<NotifyInfo> Notifications { get; } = new();

    /// <summary>Requests that were answered later, by kind.</summary>
    public ConcurrentQueue<string> LateAnswers { get; } = new();

    /// <summary>How often NotifyBegin says that a rename is under way.</summary>
    public int BusyNotifications { get; set; }

    public ulong CurrentRequest => _current.Value;

    public void AnswerRead(ulong request, int status, uint bytes) => Answer("read", request, status, bytes, default);

    public void AnswerWrite(ulong request, int status, uint bytes, ref FileInfo info) => Answer("write", request, status, bytes, info);

    public void AnswerReadDirectory(ulong request, int status, uint bytes) => Answer("list", request, status, bytes, default);

    public bool TryNotify(NotifyInfo[] changes)
    {
        if (BusyNotifications > 0)
        {
            BusyNotifications--;
            return false;
        }
        Array.ForEach(changes, Notifications.Enqueue);
        return true;
    }

    public override async Task<(NtFile File, bool IsNew)> CreateAsync(
        string path, Disposition disposition, uint options = 0, uint access = AllAccess, IoAttributes attributes = IoAttributes.Normal,
        FileShare share = FileShare.ReadWrite | FileShare.Delete, byte[]? extended = null, ulong allocation = 0)
    {
        options |= (uint)disposition << 24;
        for (var links = 0; ; links++)
        {
            var status = await DispatchAsync(() => Guarded(disposition != Disposition.Open, () =>
            {
                var result = TryCreate(path, disposition, options, access, attributes, share, extended ?? [], allocation, out var made);
                return (Result: result, Made: made);
            }));
            if (status.Result == STATUS_REPARSE && links < MostLinks)
            {
                path = await DispatchAsync(() => Resolve(path));
                continue;
            }
            // One link too many is the I/O manager's to refuse.
            return status.Made is { } file ? file : throw new NtException(status.Result == STATUS_REPARSE ? NtStatuses.ReparsePointNotResolved : status.Result, $"{disposition} {path}");
        }
    }

    /// <summary>A symbolic link by one call (FSP_CREATE_REPARSE_POINT_ECP in src/sys/create.c).</summary>
    public async Task<NtFile> CreateLinkAsync(string path, byte[] data)
    {
        var (status, made) = await DispatchAsync(() => Guarded(true, () => (MakeNew(path, 0, AllAccess, IoAttributes.Normal, FileShare.Read, data, 0, out var made, isLink: true), made)));
        return Check(status, "create link", made?.Item1!);
    }

    public override async Task<byte[]> ReadAsync(NtFile file, long offset, int length)
    {
        CheckIsFile(file);
        using var buffer = new NativeBuffer(length);
        var (status, bytes, _) = await SendAsync("read", () => (_drive.Read(file.Node, file.Node, buffer.Start, (ulong)offset, (uint)length, out var count), count, default));
        return status == STATUS_END_OF_FILE ? [] : Check(status, "read", buffer.Span[..(int)bytes].ToArray());
    }

    public override Task<FileInfo> WriteAsync(NtFile file, long offset, byte[] data, bool append = false) => WriteAsync(file, offset, data, append, isPaging: false);

    /// <summary>As the cache manager does it: never beyond the end.</summary>
    public Task<FileInfo> WritePagesAsync(NtFile file, long offset, byte[] pages) => WriteAsync(file, offset, pages, append: false, isPaging: true);

    private async Task<FileInfo> WriteAsync(NtFile file, long offset, byte[] data, bool append, bool isPaging)
    {
        CheckIsFile(file);
        using var buffer = new NativeBuffer(data.Length);
        data.CopyTo(buffer.Span);
        file.IsModified = true;
        var (status, bytes, info) = await SendAsync(
            "write", () => (_drive.Write(file.Node, file.Node, buffer.Start, (ulong)offset, (uint)data.Length, append, isPaging, out var count, out var after), count, after));
        Assert.True(status < 0 || isPaging || bytes == data.Length, "a write was cut short");
        return Check(status, "write", info);
    }

    public override Task<FileInfo> FlushAsync(NtFile? file) => RunAsync("flush", () => (_drive.Flush(file?.Node, file?.Node, out var info), info));

    public override Task<FileInfo> InfoAsync(NtFile file) => RunAsync("info", () => (_drive.GetFileInfo(file.Node, file.Node, out var info), info));

    public override Task<FileInfo> SetInfoAsync(NtFile file, IoAttributes? attributes = null, ulong created = 0, ulong accessed = 0, ulong written = 0)
    {
        file.IsModified = true;
        return RunAsync("set info", () => (_drive.SetBasicInfo(file.Node, file.Node, (uint?)attributes ?? uint.MaxValue, created, accessed, written, 0, out var info), info));
    }

    public override Task<FileInfo> SetSizeAsync(NtFile file, long size, bool isAllocation = false)
    {
        file.IsModified = true;
        return RunAsync("set size", () => (_drive.SetFileSize(file.Node, file.Node, (ulong)size, isAllocation, out var info), info));
    }

    public override async Task SetDeleteAsync(NtFile file, bool isToGo = true)
    {
        if (isToGo)
        {
            await RunAsync("can delete", () => (_drive.CanDelete(file.Node, file.Node, file.Path), 0));
        }
        lock (_sync)
        {
            _ = isToGo ? _deleting.Add(file.Path) : _deleting.Remove(file.Path);
        }
    }

    public override async Task DeletePosixAsync(NtFile file)
    {
        await RunAsync("can delete", () => (_drive.CanDelete(file.Node, file.Node, file.Path), 0));
        await RunAsync("cleanup", isExclusive: true, () =>
        {
            _drive.Cleanup(file.Node, file.Node, file.Path, CleanupDelete);
            return (STATUS_SUCCESS, 0);
        });
        lock (_sync)
        {
            _open.Remove(file);
        }
        await RunAsync("close", () =>
        {
            _drive.Close(file.Node, file.Node);
            return (STATUS_SUCCESS, 0);
        });
    }

    public override async Task RenameAsync(NtFile file, string newPath, bool replaces = false, bool isPosix = false)
    {
        lock (_sync)
        {
            var below = file.Path + "\\";
            var isTaken = !isPosix && _open.Any(other => other.Path.Equals(newPath, StringComparison.OrdinalIgnoreCase) && other.Path != file.Path && other != file);
            if (isTaken || _open.Any(other => other.Path.StartsWith(below, StringComparison.OrdinalIgnoreCase)))
            {
                throw new NtException(STATUS_ACCESS_DENIED, $"rename {file.Path} {newPath}");
            }
        }
        await RunAsync("rename", isExclusive: true, () => (_drive.Rename(file.Node, file.Node, file.Path, newPath, replaces), 0));
        file.IsModified = true;
        lock (_sync)
        {
            var old = file.Path;
            foreach (var same in _open.Where(other => other.Path.Equals(old, StringComparison.OrdinalIgnoreCase)).ToList())
            {
                same.Path = newPath;
            }
        }
    }

    public override Task<List<(string Name, FileInfo Info)>> ListAsync(NtFile folder, string? pattern = null, int room = 1024) => ListAsync(folder, pattern, null, room);

    /// <summary>Goes on after a name.</summary>
    public Task<List<(string Name, FileInfo Info)>> ListAfterAsync(NtFile folder, string name) => ListAsync(folder, null, name, room: 1024);

    public async Task<(List<(string Name, FileInfo Info)> Page, bool IsEnd)> ListPageAsync(NtFile folder, string? pattern, string? after, int room)
    {
        using var buffer = new NativeBuffer(room);
        var (status, bytes, _) = await SendAsync("list", () => (_drive.ReadDirectory(folder.Node, folder.Node, pattern, after, buffer.Start, (uint)room, out var count), count, default));
        return Check(status, "list", DirectoryRecords.Read(buffer.Span[..(int)bytes]));
    }

    private async Task<List<(string Name, FileInfo Info)>> ListAsync(NtFile folder, string? pattern, string? after, int room)
    {
        var all = new List<(string, FileInfo)>();
        for (; ; )
        {
            var (page, isEnd) = await ListPageAsync(folder, pattern, after, room);
            all.AddRange(page);
            if (isEnd)
            {
                return all;
            }
            Assert.NotEmpty(page);
            after = page[^1].Name;
        }
    }

    public override Task<(string Name, FileInfo Info)> ListOneAsync(NtFile folder, string name) =>
        RunAsync("list one", () => (_drive.GetDirInfoByName(folder.Node, folder.Node, name, out var shown, out var info), (shown!, info)));

    public Task<byte[]> SecurityAsync(NtFile file) => RunAsync("security", () =>
    {
        byte[]? descriptor = [];
        return (_drive.GetSecurity(file.Node, file.Node, ref descriptor), descriptor!);
    });

    public Task SetSecurityAsync(NtFile file, int sections, byte[] descriptor) =>
        RunAsync("set security", () => (_drive.SetSecurity(file.Node, file.Node, (System.Security.AccessControl.AccessControlSections)sections, descriptor), 0));

    public override Task<byte[]> LinkAsync(NtFile file) => RunAsync("get reparse point", () =>
    {
        byte[]? data = null;
        return (_drive.GetReparsePoint(file.Node, file.Node, file.Path, ref data), data!);
    });

    public override Task SetLinkAsync(NtFile file, byte[] data) => RunAsync("set reparse point", () => (_drive.SetReparsePoint(file.Node, file.Node, file.Path, data), 0));

    public override Task RemoveLinkAsync(NtFile file) => RunAsync("delete reparse point", () => (_drive.DeleteReparsePoint(file.Node, file.Node, file.Path, []), 0));

    public override Task<List<(string Name, byte[] Value)>> ExtendedAsync(NtFile file) => ExtendedAsync(file, 4096);

    public async Task<List<(string Name, byte[] Value)>> ExtendedAsync(NtFile file, int room)
    {
        using var buffer = new NativeBuffer(room);
        var used = await RunAsync("get ea", () => (_drive.GetEa(file.Node, file.Node, buffer.Start, (uint)room, out var count), count));
        return EaList.Decode(buffer.Span[..(int)used]);
    }

    public override async Task<FileInfo> SetExtendedAsync(NtFile file, params (string Name, byte[] Value)[] attributes)
    {
        using var buffer = new NativeBuffer(64 << 10);
        var size = EaList.Encode(attributes, buffer.Span);
        return await RunAsync("set ea", () => (_drive.SetEa(file.Node, file.Node, buffer.Start, (uint)size, out var info), info));
    }

    /// <summary>Cleanup where there is something to clean up, deletion by the last handle, close.</summary>
    public override async Task CloseAsync(NtFile file)
    {
        bool isDelete;
        lock (_sync)
        {
            _open.Remove(file);
            if (file.IsDeleteOnClose)
            {
                _deleting.Add(file.Path);
            }
            isDelete = _deleting.Contains(file.Path) && !_open.Any(other => other.Path.Equals(file.Path, StringComparison.OrdinalIgnoreCase));
            if (isDelete)
            {
                _deleting.Remove(file.Path);
            }
        }
        if (isDelete || file.IsModified)
        {
            await RunAsync("cleanup", isDelete, () =>
            {
                _drive.Cleanup(file.Node, file.Node, isDelete ? file.Path : null, isDelete ? CleanupDelete : 0);
                return (STATUS_SUCCESS, 0);
            });
        }
        await RunAsync("close", () =>
        {
            _drive.Close(file.Node, file.Node);
            return (STATUS_SUCCESS, 0);
        });
    }

    public override async ValueTask DisposeAsync()
    {
        // The library first joins the dispatcher's threads. Here only those whose requests may be answered later: a test that failed may have left others blocked for ever,
        // and whoever ends the drive may stand on one of them, with the guard held.
        await Task.WhenAll(_sending.Keys).ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        await DispatchAsync(() =>
        {
            _drive.DispatcherStopped(true);
            return STATUS_SUCCESS;
        });
        // The driver would cancel what is still pending now, and unmap its buffers.
        Assert.Empty(_pending);
        await DispatchAsync(() =>
        {
            _drive.Unmounted(this);
            return STATUS_SUCCESS;
        });
        await _drive.Completion;
        _guard.Dispose();
    }

    private int TryCreate(
        string path, Disposition disposition, uint options, uint access, IoAttributes attributes, FileShare share, byte[] extended, ulong allocation, out (NtFile, bool)? made)
    {
        made = null;
        if (disposition == Disposition.Create)
        {
            // FspFileSystemOpCreate_FileCreate looks at the folder alone. What has the name is looked at afterwards, by FspFileSystemOpCreate_CollisionCheck.
            var created = LookAt(path.LastIndexOf('\\') is > 0 and var end ? path[..end] : "\\", out var folder) switch
            {
                STATUS_OBJECT_NAME_NOT_FOUND => STATUS_OBJECT_PATH_NOT_FOUND,
                STATUS_SUCCESS when (folder & IoAttributes.ReparsePoint) != 0 => STATUS_REPARSE,
                STATUS_SUCCESS when (folder & IoAttributes.Directory) == 0 => STATUS_OBJECT_PATH_NOT_FOUND,
                STATUS_SUCCESS => MakeNew(path, options, access, attributes, share, extended, allocation, out made),
                var failed => failed,
            };
            return created != STATUS_OBJECT_NAME_COLLISION || LookAt(path, out var existing) != STATUS_SUCCESS ? created
                : (options & FILE_NON_DIRECTORY_FILE) != 0 && (existing & IoAttributes.Directory) != 0 ? STATUS_FILE_IS_A_DIRECTORY
                : (options & FILE_OPEN_REPARSE_POINT) == 0 && (existing & IoAttributes.ReparsePoint) != 0 ? STATUS_REPARSE
                : created;
        }
        var status = LookAt(path, out var known);
        if (status == STATUS_SUCCESS)
        {
            if ((known & IoAttributes.ReparsePoint) != 0 && (options & FILE_OPEN_REPARSE_POINT) == 0)
            {
                return STATUS_REPARSE;
            }
            if (Refuse(known, options, disposition, access) is not STATUS_SUCCESS and var refused)
            {
                return refused;
            }
            status = OpenExisting(path, disposition, options, access, attributes, share, extended, allocation, out made);
        }
        return status == STATUS_OBJECT_NAME_NOT_FOUND && disposition is not (Disposition.Open or Disposition.Overwrite)
            ? MakeNew(path, options, access, attributes, share, extended, allocation, out made)
            : status;
    }

    private int LookAt(string path, out IoAttributes attributes)
    {
        var status = Guard(() =>
        {
            byte[]? descriptor = [];
            return (_drive.GetSecurityByName(path, out var found, ref descriptor), (Attributes: (IoAttributes)found, Descriptor: descriptor));
        }, out var known);
        Assert.True(status != STATUS_SUCCESS || known.Descriptor is { Length: > 0 });
        attributes = known.Attributes;
        return status;
    }

    private static int Refuse(IoAttributes known, uint options, Disposition disposition, uint access)
    {
        var isReadOnly = (known & IoAttributes.ReadOnly) != 0;
        return (options & FILE_DIRECTORY_FILE) != 0 && (known & IoAttributes.Directory) == 0 ? STATUS_NOT_A_DIRECTORY
            : (options & FILE_NON_DIRECTORY_FILE) != 0 && (known & IoAttributes.Directory) != 0 ? STATUS_FILE_IS_A_DIRECTORY
            : isReadOnly && (options & FILE_DELETE_ON_CLOSE) != 0 ? STATUS_CANNOT_DELETE
            : isReadOnly && (disposition != Disposition.Open || (access & 6) != 0) && access != AllAccess ? STATUS_ACCESS_DENIED
            : STATUS_SUCCESS;
    }

    private int OpenExisting(
        string path, Disposition disposition, uint options, uint access, IoAttributes attributes, FileShare share, byte[] extended, ulong allocation, out (NtFile, bool)? made)
    {
        made = null;
        var isOverwrite = disposition is Disposition.Overwrite or Disposition.OverwriteIf or Disposition.Supersede;
        if (isOverwrite)
        {
            access |= 2;
        }
        var status = Guard(() => (_drive.Open(path, options, access, out var node, out var desc, out var info, out var name), (Node: node!, Desc: desc!, Info: info, Name: name!)), out var opened);
        if (status < 0)
        {
            return status;
        }
        CheckNormalized(path, opened.Name);
        var file = new NtFile(opened.Name, opened.Desc, access, share) { IsDeleteOnClose = (options & FILE_DELETE_ON_CLOSE) != 0, Info = opened.Info };
        lock (_sync)
        {
            status = _deleting.Contains(file.Path) ? NtStatuses.DeletePending : Shares(file) ? STATUS_SUCCESS : NtStatuses.SharingViolation;
            if (status == STATUS_SUCCESS)
            {
                _open.Add(file);
            }
        }
        if (status == STATUS_SUCCESS && isOverwrite)
        {
            using var buffer = new NativeBuffer(extended.Length);
            extended.CopyTo(buffer.Span);
            status = Guard(() => (_drive.OverwriteEx(
                file.Node, file.Node, (uint)attributes, disposition == Disposition.Supersede, allocation, buffer.Start, (uint)extended.Length, out var info), info), out var after);
            (file.IsModified, file.Info) = (true, after);
        }
        if (status < 0)
        {
            lock (_sync)
            {
                _open.Remove(file);
            }
            _drive.Close(file.Node, file.Node);
            return status;
        }
        made = (file, false);
        return STATUS_SUCCESS;
    }

    private int MakeNew(
        string path, uint options, uint access, IoAttributes attributes, FileShare share, byte[] extended, ulong allocation, out (NtFile, bool)? made, bool isLink = false)
    {
        made = null;
        using var buffer = new NativeBuffer(extended.Length);
        extended.CopyTo(buffer.Span);
        var status = Guard(() => (_drive.CreateEx(
            path, options, access, (uint)attributes, [1], allocation, buffer.Start, (uint)extended.Length, isLink, out var node, out var desc, out var info, out var name),
            (Node: desc!, Info: info, Name: name!)), out var created);
        if (status < 0)
        {
            return status;
        }
        CheckNormalized(path, created.Name);
        var file = new NtFile(created.Name, created.Node, access, share) { IsDeleteOnClose = (options & FILE_DELETE_ON_CLOSE) != 0, IsModified = true, Info = created.Info };
        lock (_sync)
        {
            _open.Add(file);
        }
        made = (file, true);
        return STATUS_SUCCESS;
    }

    /// <summary>FspFsvolCreateComplete refuses others.</summary>
    private static void CheckNormalized(string asked, string normalized) =>
        Assert.True(asked.Equals(normalized, StringComparison.OrdinalIgnoreCase), $"a normalized name can only differ in case from the one asked for: {asked} is no {normalized}");

    /// <summary>IoCheckShareAccess: reading, writing and deleting, each against the sharing of the others.</summary>
    private bool Shares(NtFile file)
    {
        return _open.Where(other => other.Path.Equals(file.Path, StringComparison.OrdinalIgnoreCase)).All(other => Allows(other.Share, file.Access) && Allows(file.Share, other.Access));

        static bool Allows(FileShare share, uint access) =>
            ((access & 0x21) == 0 || (share & FileShare.Read) != 0) && ((access & 6) == 0 || (share & FileShare.Write) != 0) && ((access & 0x10000) == 0 || (share & FileShare.Delete) != 0);
    }

    /// <summary>The first symbolic link on a path replaced by where it leads.</summary>
    private string Resolve(string path)
    {
        var parts = path.Split('\\', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 1; i <= parts.Length; i++)
        {
            var prefix = "\\" + string.Join('\\', parts[..i]);
            byte[]? data = null;
            var status = Guard(() =>
            {
                byte[]? read = null;
                return (_drive.GetReparsePointByName(prefix, i < parts.Length, ref read), read);
            }, out data);
            if (status == STATUS_NOT_A_REPARSE_POINT)
            {
                continue;
            }
            if (status < 0)
            {
                throw new NtException(status, $"resolve {prefix}");
            }
            var target = SymbolicLinkData.Decode(data);
            var whole = (target.StartsWith('\\') ? [] : parts[..(i - 1)]).Concat(target.Split('\\')).Concat(parts[i..]);
            var result = new List<string>();
            foreach (var part in whole.Where(part => part is not ("" or ".")))
            {
                if (part == ".." && result.Count > 0)
                {
                    result.RemoveAt(result.Count - 1);
                }
                else if (part != "..")
                {
                    result.Add(part);
                }
            }
            return "\\" + string.Join('\\', result);
        }
        throw new NtException(STATUS_REPARSE, $"{path} has no link");
    }

    /// <summary>Folders are neither read nor written: the driver does not even ask (read.c, write.c).</summary>
    private static void CheckIsFile(NtFile file)
    {
        if (((OpenNode)file.Node).IsDirectory)
        {
            throw new NtException(STATUS_INVALID_PARAMETER, "read or write");
        }
    }

    private async Task<(int Status, uint Bytes, FileInfo Info)> SendAsync(string kind, Func<(int, uint, FileInfo)> request)
    {
        var hint = Interlocked.Increment(ref _lastRequest);
        var answer = new TaskCompletionSource<(int, uint, FileInfo)>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[hint] = answer;
        var sending = DispatchAsync(() =>
        {
            _current.Value = hint;
            var done = default((int, uint, FileInfo));
            var result = Guard(() =>
            {
                done = request();
                return (done.Item1, 0);
            }, out _);
            if (result != STATUS_PENDING)
            {
                _pending.TryRemove(hint, out _);
            }
            return (result, done.Item2, done.Item3);
        });
        _sending[sending] = 0;
        var (status, bytes, info) = await sending;
        _sending.TryRemove(sending, out _);
        if (status == STATUS_PENDING)
        {
            LateAnswers.Enqueue(kind);
            return await answer.Task;
        }
        return (status, bytes, info);
    }

    private void Answer(string kind, ulong request, int status, uint bytes, FileInfo info)
    {
        Assert.True(_pending.TryRemove(request, out var answer), $"a {kind} was answered twice, or never asked");
        answer!.SetResult((status, bytes, info));
    }

    /// <summary>Callbacks wait for the service, as they may: WinFsp's dispatcher has threads of its own, and the pool's are not theirs to hold.</summary>
    private static Task<T> DispatchAsync<T>(Func<T> request) =>
        Task.Factory.StartNew(request, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private async Task<T> RunAsync<T>(string request, Func<(int, T)> callback)
    {
        var (status, result) = await DispatchAsync(() => (Guard(callback, out var some), some));
        return Check(status, request, result);
    }

    private Task<T> RunAsync<T>(string request, bool isExclusive, Func<(int, T)> callback) =>
        RunAsync(request, isExclusive ? () => Guarded(true, callback) : callback);

    private T Guarded<T>(bool isExclusive, Func<T> callback)
    {
        if (isExclusive)
        {
            _guard.EnterWriteLock();
        }
        else
        {
            _guard.EnterReadLock();
        }
        try
        {
            return callback();
        }
        finally
        {
            if (isExclusive)
            {
                _guard.ExitWriteLock();
            }
            else
            {
                _guard.ExitReadLock();
            }
        }
    }

    private int Guard<T>(Func<(int Status, T Result)> callback, out T result)
    {
        try
        {
            (var status, result) = callback();
            return status;
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            result = default!;
            return _drive.ExceptionHandler(exception);
        }
    }

    private static T Check<T>(int status, string request, T result) => status >= 0 ? result : throw new NtException(status, request);

    /// <summary>Memory outside the heap, as the driver's is.</summary>
    private sealed unsafe class NativeBuffer(int length) : IDisposable
    {
        private bool _isFree;

        public nint Start { get; } = Marshal.AllocHGlobal(Math.Max(1, length));

        public Span<byte> Span => _isFree ? throw new ObjectDisposedException(nameof(NativeBuffer)) : new((void*)Start, length);

        public void Dispose()
        {
            _isFree = true;
            Marshal.FreeHGlobal(Start);
        }
    }
}

/// <summary>Takes FSP_FSCTL_DIR_INFO records apart, by the offsets of winfsp/fsctl.h.</summary>
internal static class DirectoryRecords
{
    public static (List<(string Name, FileInfo Info)> Page, bool IsEnd) Read(ReadOnlySpan<byte> records)
    {
        var page = new List<(string, FileInfo)>();
        while (records.Length >= 2)
        {
            var size = BinaryPrimitives.ReadUInt16LittleEndian(records);
            if (size == 0)
            {
                Assert.Equal(2, records.Length);
                return (page, true);
            }
            var info = new FileInfo
            {
                FileAttributes = BinaryPrimitives.ReadUInt32LittleEndian(records[8..]),
                ReparseTag = BinaryPrimitives.ReadUInt32LittleEndian(records[12..]),
                AllocationSize = BinaryPrimitives.ReadUInt64LittleEndian(records[16..]),
                FileSize = BinaryPrimitives.ReadUInt64LittleEndian(records[24..]),
                CreationTime = BinaryPrimitives.ReadUInt64LittleEndian(records[32..]),
                LastWriteTime = BinaryPrimitives.ReadUInt64LittleEndian(records[48..]),
                IndexNumber = BinaryPrimitives.ReadUInt64LittleEndian(records[64..]),
                EaSize = BinaryPrimitives.ReadUInt32LittleEndian(records[76..]),
            };
            page.Add((new string(MemoryMarshal.Cast<byte, char>(records[104..size])), info));
            records = records[((size + 7) & ~7)..];
        }
        return (page, false);
    }
}
