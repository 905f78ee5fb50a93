using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Principal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;
using static SseCFs.WinFsp.Tests.Support.Ntdll;
using FileInfo = Fsp.Interop.FileInfo;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>A drive of Windows, mounted by WinFsp at any free letter, and asked by system calls. Thread-safe, but for one handle.</summary>
internal sealed class MountedDrive : Drive
{
    private const uint SynchronousIo = 0x20;
    private const uint GetReparsePoint = 0x900A8;
    private const uint SetReparsePoint = 0x900A4;
    private const uint DeleteReparsePoint = 0x900AC;
    private const int MostReparseData = 16 << 10;
    private readonly string _root;
    private readonly IAsyncDisposable _mount;

    private MountedDrive(string root, IAsyncDisposable mount) => (_root, _mount) = (root, mount);

    [SupportedOSPlatform("windows")]
    public static async Task<Drive> MountAsync(IFileSystem files, DriveOptions options)
    {
        using var identity = WindowsIdentity.GetCurrent();
        var user = new byte[identity.User!.BinaryLength];
        identity.User.GetBinaryForm(user, 0);
        // Tests change files behind the driver's back, and look at once.
        var own = options with { Owners = new Owners(user, null, null), AttributesValid = TimeSpan.Zero };
        var mount = await DriveMount.MountAsync(files, null, own, NullLogger.Instance);
        return new MountedDrive(@"\??\" + mount.MountPoint, mount);
    }

    public override Task<(NtFile File, bool IsNew)> CreateAsync(
        string path, Disposition disposition, uint options = 0, uint access = AllAccess, IoAttributes attributes = IoAttributes.Normal,
        FileShare share = FileShare.ReadWrite | FileShare.Delete, byte[]? extended = null, ulong allocation = 0) => Task.Run(() =>
    {
        if ((options & FILE_DELETE_ON_CLOSE) != 0)
        {
            access |= Access.Delete;
        }
        var handle = Open(_root + path, disposition, options, access, attributes, share, extended ?? [], allocation, out var isNew);
        try
        {
            var name = Query(handle, Information.Name, 4096);
            return (new NtFile(new string(MemoryMarshal.Cast<byte, char>(name.AsSpan(4, BinaryPrimitives.ReadInt32LittleEndian(name)))), handle, access, share), isNew);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    });

    public override Task<byte[]> ReadAsync(NtFile file, long offset, int length) => Task.Run(() =>
    {
        var data = new byte[length];
        var status = NtReadFile(HandleOf(file), 0, 0, 0, out var io, data, (uint)length, offset, 0);
        return status == STATUS_END_OF_FILE ? [] : Check(status, "read", data[..(int)io.Information]);
    });

    public override Task<FileInfo> WriteAsync(NtFile file, long offset, byte[] data, bool append = false) => Task.Run(() =>
    {
        // FILE_WRITE_TO_END_OF_FILE is -1.
        Check(NtWriteFile(HandleOf(file), 0, 0, 0, out var io, data, (uint)data.Length, append ? -1 : offset, 0), "write", 0);
        Assert.Equal((nuint)data.Length, io.Information);
        return Info(HandleOf(file));
    });

    public override Task FlushAsync(NtFile? file) => Task.Run(() =>
    {
        if (file is not null)
        {
            Check(NtFlushBuffersFile(HandleOf(file), out _), "flush", 0);
            return;
        }
        using var volume = Open(_root, Disposition.Open, 0, Access.WriteData, 0, FileShare.ReadWrite, [], 0, out _);
        Check(NtFlushBuffersFile(volume, out _), "flush the drive", 0);
    });

    public override Task<FileInfo> InfoAsync(NtFile file) => Task.Run(() => Info(HandleOf(file)));

    public override Task SetInfoAsync(NtFile file, IoAttributes? attributes = null, ulong created = 0, ulong accessed = 0, ulong written = 0) => Task.Run(() =>
    {
        var basic = new byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(basic, created);
        BinaryPrimitives.WriteUInt64LittleEndian(basic.AsSpan(8), accessed);
        BinaryPrimitives.WriteUInt64LittleEndian(basic.AsSpan(16), written);
        BinaryPrimitives.WriteUInt32LittleEndian(basic.AsSpan(32), (uint)(attributes ?? 0));
        Set(file, Information.Basic, basic);
    });

    public override Task<FileInfo> SetSizeAsync(NtFile file, long size, bool isAllocation = false) => Task.Run(() =>
    {
        Set(file, isAllocation ? Information.Allocation : Information.EndOfFile, BitConverter.GetBytes(size));
        return Info(HandleOf(file));
    });

    public override Task SetDeleteAsync(NtFile file, bool isToGo = true) => Task.Run(() => Set(file, Information.Disposition, [isToGo ? (byte)1 : (byte)0]));

    public override async Task DeletePosixAsync(NtFile file)
    {
        // FILE_DISPOSITION_DELETE and FILE_DISPOSITION_POSIX_SEMANTICS.
        await Task.Run(() => Set(file, Information.DispositionEx, [1 | 2, 0, 0, 0]));
        await CloseAsync(file);
    }

    public override Task RenameAsync(NtFile file, string newPath, bool replaces = false, bool isPosix = false) => Task.Run(() =>
    {
        var name = MemoryMarshal.AsBytes((_root + newPath).AsSpan());
        var rename = new byte[20 + name.Length];
        // FILE_RENAME_REPLACE_IF_EXISTS, which is also the older structure's first byte, and FILE_RENAME_POSIX_SEMANTICS.
        rename[0] = (byte)((replaces ? 1 : 0) | (isPosix ? 2 : 0));
        BinaryPrimitives.WriteInt32LittleEndian(rename.AsSpan(16), name.Length);
        name.CopyTo(rename.AsSpan(20));
        Set(file, isPosix ? Information.RenameEx : Information.Rename, rename);
    });

    public override Task<List<(string Name, FileInfo Info)>> ListAsync(NtFile folder, string? pattern = null, int room = 1024) => Task.Run(() =>
    {
        var all = new List<(string, FileInfo)>();
        var buffer = new byte[room];
        for (var isFirst = true; ; isFirst = false)
        {
            var status = List(folder, pattern, buffer, isFirst, out var used);
            if (status is NtStatuses.NoMoreFiles or NtStatuses.NoSuchFile)
            {
                return all;
            }
            Check(status, "list", 0);
            all.AddRange(Entries(buffer.AsSpan(0, used)));
        }
    });

    public override Task<(string Name, FileInfo Info)> ListOneAsync(NtFile folder, string name) => Task.Run(() =>
    {
        var buffer = new byte[1024];
        var status = List(folder, name, buffer, true, out var used);
        // So the driver passes on that there is no such name.
        Check(status == NtStatuses.NoSuchFile ? STATUS_OBJECT_NAME_NOT_FOUND : status, "list one", 0);
        return Assert.Single(Entries(buffer.AsSpan(0, used)));
    });

    public override Task<byte[]> LinkAsync(NtFile file) => Task.Run(() => Control(file, GetReparsePoint, [], MostReparseData));

    public override Task SetLinkAsync(NtFile file, byte[] data) => Task.Run(() => Control(file, SetReparsePoint, data, 0));

    /// <summary>The head of REPARSE_DATA_BUFFER, with the tag, says which kind.</summary>
    public override Task RemoveLinkAsync(NtFile file) => Task.Run(() => Control(file, DeleteReparsePoint, [0x0C, 0, 0, 0xA0, 0, 0, 0, 0], 0));

    public override Task<List<(string Name, byte[] Value)>> ExtendedAsync(NtFile file) => Task.Run(() =>
    {
        var buffer = new byte[64 << 10];
        var status = NtQueryEaFile(HandleOf(file), out var io, buffer, (uint)buffer.Length, false, 0, 0, 0, true);
        return status == NtStatuses.NoEasOnFile ? [] : Check(status, "get ea", EaList.Decode(buffer.AsSpan(0, (int)io.Information)));
    });

    public override Task SetExtendedAsync(NtFile file, params (string Name, byte[] Value)[] attributes) => Task.Run(() =>
    {
        var buffer = new byte[64 << 10];
        var size = EaList.Encode(attributes, buffer);
        Check(NtSetEaFile(HandleOf(file), out _, buffer, (uint)size), "set ea", 0);
    });

    public override Task CloseAsync(NtFile file) => Task.Run(HandleOf(file).Dispose);

    public override ValueTask DisposeAsync() => _mount.DisposeAsync();

    private static SafeFileHandle HandleOf(NtFile file) => (SafeFileHandle)file.Node;

    private static unsafe SafeFileHandle Open(
        string path, Disposition disposition, uint options, uint access, IoAttributes attributes, FileShare share, byte[] extended, ulong allocation, out bool isNew)
    {
        fixed (char* name = path)
        {
            var text = new UnicodeString { Buffer = name, Length = (ushort)(path.Length * 2), MaximumLength = (ushort)(path.Length * 2) };
            var target = new ObjectAttributes { Length = (uint)sizeof(ObjectAttributes), Name = &text, Attributes = CaseInsensitive };
            var status = NtCreateFile(
                out var handle, access | Access.Synchronize, target, out var io, (long)allocation, (uint)attributes, (uint)share, (uint)disposition, options | SynchronousIo,
                extended, (uint)extended.Length);
            // FILE_CREATED is 2.
            isNew = io.Information == 2;
            return Check(status, $"{disposition} {path}", handle);
        }
    }

    private static FileInfo Info(SafeFileHandle file)
    {
        var basic = Query(file, Information.Basic, 40);
        var standard = Query(file, Information.Standard, 24);
        return Times(basic) with
        {
            FileAttributes = BinaryPrimitives.ReadUInt32LittleEndian(basic.AsSpan(32)),
            AllocationSize = BinaryPrimitives.ReadUInt64LittleEndian(standard),
            FileSize = BinaryPrimitives.ReadUInt64LittleEndian(standard.AsSpan(8)),
            IndexNumber = BinaryPrimitives.ReadUInt64LittleEndian(Query(file, Information.Internal, 8)),
            EaSize = BinaryPrimitives.ReadUInt32LittleEndian(Query(file, Information.Ea, 4)),
            ReparseTag = BinaryPrimitives.ReadUInt32LittleEndian(Query(file, Information.AttributeTag, 8).AsSpan(4)),
        };
    }

    private static FileInfo Times(ReadOnlySpan<byte> four) => new()
    {
        CreationTime = BinaryPrimitives.ReadUInt64LittleEndian(four),
        LastAccessTime = BinaryPrimitives.ReadUInt64LittleEndian(four[8..]),
        LastWriteTime = BinaryPrimitives.ReadUInt64LittleEndian(four[16..]),
        ChangeTime = BinaryPrimitives.ReadUInt64LittleEndian(four[24..]),
    };

    private static unsafe int List(NtFile folder, string? pattern, byte[] buffer, bool isFirst, out int used)
    {
        fixed (char* wanted = pattern)
        {
            var text = new UnicodeString { Buffer = wanted, Length = (ushort)(2 * (pattern?.Length ?? 0)), MaximumLength = (ushort)(2 * (pattern?.Length ?? 0)) };
            var status = NtQueryDirectoryFile(
                HandleOf(folder), 0, 0, 0, out var io, buffer, (uint)buffer.Length, Information.IdFullDirectory, false, pattern is null ? null : &text, isFirst);
            used = (int)io.Information;
            return status;
        }
    }

    /// <summary>FILE_ID_FULL_DIR_INFORMATION.</summary>
    private static List<(string Name, FileInfo Info)> Entries(ReadOnlySpan<byte> records)
    {
        var all = new List<(string, FileInfo)>();
        for (; ; )
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(records[60..]);
            var info = Times(records[8..]) with
            {
                FileSize = BinaryPrimitives.ReadUInt64LittleEndian(records[40..]),
                AllocationSize = BinaryPrimitives.ReadUInt64LittleEndian(records[48..]),
                FileAttributes = BinaryPrimitives.ReadUInt32LittleEndian(records[56..]),
                EaSize = BinaryPrimitives.ReadUInt32LittleEndian(records[64..]),
                IndexNumber = BinaryPrimitives.ReadUInt64LittleEndian(records[72..]),
            };
            all.Add((new string(MemoryMarshal.Cast<byte, char>(records.Slice(80, length))), info));
            if (BinaryPrimitives.ReadInt32LittleEndian(records) is var next && next == 0)
            {
                return all;
            }
            records = records[next..];
        }
    }

    private static byte[] Query(SafeFileHandle file, Information kind, int size)
    {
        var buffer = new byte[size];
        return Check(NtQueryInformationFile(file, out _, buffer, (uint)size, kind), $"query {kind}", buffer);
    }

    private static void Set(NtFile file, Information kind, byte[] data) =>
        Check(NtSetInformationFile(HandleOf(file), out _, data, (uint)data.Length, kind), $"set {kind}", 0);

    private static byte[] Control(NtFile file, uint code, byte[] input, int room)
    {
        var output = new byte[room];
        var status = NtFsControlFile(HandleOf(file), 0, 0, 0, out var io, code, input, (uint)input.Length, output, (uint)room);
        return Check(status, $"control 0x{code:x}", output[..Math.Min(room, (int)io.Information)]);
    }

    private static T Check<T>(int status, string request, T result) => status >= 0 ? result : throw new NtException(status, request);
}
