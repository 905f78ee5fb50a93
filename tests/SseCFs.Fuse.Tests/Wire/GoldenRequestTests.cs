using Microsoft.Extensions.Time.Testing;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Wire;

/// <summary>For every opcode: the bytes the kernel sends, the call they become, and the bytes that go back.</summary>
public sealed class GoldenRequestTests
{
    private const string AttrHex =
        "2211000000000000" + "8813000000000000" + "0a00000000000000" +
        "6400000000000000" + "38ffffffffffffff" + "2c01000000000000" + "01000000" + "02000000" + "03000000" +
        "a4810000" + "01000000" + "e8030000" + "e9030000" + "03081000" + "00100000" + "00000000";

    private const string EntryHex =
        "2211000000000000" + "0000000000000000" + "0100000000000000" + "0200000000000000" + "0065cd1d" + "80b2e60e" + AttrHex;

    private const string AttrOutHex = "0300000000000000" + "00000000" + "00000000" + AttrHex;

    private static readonly byte[] Lock8 = new byte[8];

    private readonly ScriptedFileSystem _fileSystem = new() { Content = "0123456789"u8.ToArray() };

    private static FuseMountOptions Options => new()
    {
        MaxWrite = MaxWrite,
        AttributesValid = TimeSpan.FromSeconds(3),
        Time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)),
    };

    public static TheoryData<uint, byte[], string, string> Requests => new()
    {
        { (uint)Opcode.Lookup, Body("näme"), "lookup 9 näme by 1000:1001:4242", EntryHex },
        { (uint)Opcode.GetAttr, Body(0u, 0u, 5ul), "getattr 9 -", AttrOutHex },
        { (uint)Opcode.GetAttr, Body(1u, 0u, 5ul), "getattr 9 5", AttrOutHex },
        { (uint)Opcode.ReadLink, [], "readlink 9", "746172676574" },
        { (uint)Opcode.SymLink, Body("name", "to/it"), "symlink 9 name -> to/it", EntryHex },
        { (uint)Opcode.MkNod, Body(0x11A4u, 0u, 0x12u, 0u, "fifo"), "mknod 9 fifo 11a4 0", EntryHex },
        { (uint)Opcode.MkNod, Body(0x21B6u, 0x00100803u, 0x12u, 0u, "dev"), "mknod 9 dev 21b6 100803", EntryHex },
        { (uint)Opcode.MkDir, Body(0x3EDu, 0x12u, "dir"), "mkdir 9 dir 43ed", EntryHex },
        { (uint)Opcode.Unlink, Body("name"), "unlink 9 name", "" },
        { (uint)Opcode.RmDir, Body("name"), "rmdir 9 name", "" },
        { (uint)Opcode.Rename, Body(12ul, "old", "new"), "rename 9 old 12 new None", "" },
        { (uint)Opcode.Rename2, Body(12ul, 1u, 0u, "old", "new"), "rename 9 old 12 new NoReplace", "" },
        { (uint)Opcode.Rename2, Body(12ul, 2u, 0u, "old", "new"), "rename 9 old 12 new Exchange", "" },
        // A handle that only reads needs no FLUSH: FOPEN_KEEP_CACHE | FOPEN_NOFLUSH.
        { (uint)Opcode.Open, Body(0x8000u, 0u), "open 9 Read", "4d00000000000000" + "22000000" + "00000000" },
        { (uint)Opcode.Open, Body(0x8601u, 1u), "open 9 Write, Append, Truncate, ClearPrivileges", "4d00000000000000" + "02000000" + "00000000" },
        { (uint)Opcode.Open, Body(0x8002u, 0u), "open 9 Read, Write", "4d00000000000000" + "02000000" + "00000000" },
        {
            (uint)Opcode.Create, Body(0x80C2u, 0x81A4u, 0x12u, 0u, "made"), "create 9 made 81a4 Read, Write, Exclusive",
            EntryHex + "4e00000000000000" + "00000000" + "00000000"
        },
        { (uint)Opcode.Read, Body(77ul, 2ul, 4u, 0u, Lock8, 0u, 0u), "read 77 2 4", "32333435" },
        { (uint)Opcode.Read, Body(77ul, 20ul, 4u, 0u, Lock8, 0u, 0u), "read 77 20 4", "" },
        { (uint)Opcode.Write, Body(77ul, 5ul, 3u, 0u, Lock8, 1u, 0u, "abc"u8.ToArray()), "write 77 5 abc append False clear False", "03000000" + "00000000" },
        { (uint)Opcode.Write, Body(77ul, 5ul, 3u, 4u, Lock8, 0x401u, 0u, "abc"u8.ToArray()), "write 77 5 abc append True clear True", "03000000" + "00000000" },
        // From a shared mapping of a file opened with O_APPEND: the offset counts.
        { (uint)Opcode.Write, Body(77ul, 5ul, 3u, 1u, Lock8, 0x401u, 0u, "abc"u8.ToArray()), "write 77 5 abc append False clear False", "03000000" + "00000000" },
        {
            (uint)Opcode.StatFs, [], "statfs",
            "e803000000000000" + "8403000000000000" + "8403000000000000" + "2003000000000000" + "bc02000000000000" +
            "00100000" + "ff000000" + "00100000" + "00000000" + "000000000000000000000000000000000000000000000000"
        },
        { (uint)Opcode.Flush, Body(77ul, 0u, 0u, Lock8), "flush 77", "" },
        { (uint)Opcode.FSync, Body(77ul, 1u, 0u), "sync 77", "" },
        { (uint)Opcode.Release, Body(77ul, 0u, 0u, Lock8), "release 77", "" },
        { (uint)Opcode.FAllocate, Body(77ul, 10ul, 20ul, 0u, 0u), "allocate 77 Reserve 10 20", "" },
        { (uint)Opcode.FAllocate, Body(77ul, 10ul, 20ul, 1u, 0u), "allocate 77 ReserveKeepSize 10 20", "" },
        { (uint)Opcode.FAllocate, Body(77ul, 10ul, 20ul, 3u, 0u), "allocate 77 PunchHole 10 20", "" },
        { (uint)Opcode.FAllocate, Body(77ul, 10ul, 20ul, 0x10u, 0u), "allocate 77 ZeroRange 10 20", "" },
        { (uint)Opcode.FAllocate, Body(77ul, 10ul, 20ul, 0x11u, 0u), "allocate 77 ZeroRangeKeepSize 10 20", "" },
        { (uint)Opcode.OpenDir, Body(0x10000u, 0u), "opendir 9", "4f00000000000000" + "00000000" + "00000000" },
        { (uint)Opcode.FSyncDir, Body(79ul, 0u, 0u), "syncdir 79", "" },
        { (uint)Opcode.ReleaseDir, Body(79ul, 0u, 0u, Lock8), "releasedir 79", "" },
        { (uint)Opcode.SetXAttr, Body(5u, 0u, "user.a", "value"u8.ToArray()), "setxattr 9 user.a=value CreateOrReplace", "" },
        { (uint)Opcode.SetXAttr, Body(0u, 1u, "user.a"), "setxattr 9 user.a= Create", "" },
        { (uint)Opcode.SetXAttr, Body(0u, 2u, "user.a"), "setxattr 9 user.a= Replace", "" },
        { (uint)Opcode.GetXAttr, Body(0u, 0u, "user.a"), "getxattr 9 user.a", "05000000" + "00000000" },
        { (uint)Opcode.GetXAttr, Body(5u, 0u, "user.a"), "getxattr 9 user.a", "76616c7565" },
        { (uint)Opcode.CopyFileRange, Body(5ul, 1ul, 8ul, 6ul, 2ul, 0x1000ul, 0ul), "copy 5 1 to 6 2, 4096", "00100000" + "00000000" },
        { (uint)Opcode.ListXAttr, Body(0u, 0u), "listxattr 9", "0e000000" + "00000000" },
        { (uint)Opcode.ListXAttr, Body(64u, 0u), "listxattr 9", "757365722e6100" + "757365722e6200" },
        { (uint)Opcode.RemoveXAttr, Body("user.a"), "removexattr 9 user.a", "" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_becomes_one_call_and_one_reply(uint opcode, byte[] body, string call, string reply)
    {
        using var kernel = Initialized(_fileSystem, Options);
        var answer = kernel.Call((Opcode)opcode, 9, body);
        Assert.Equal(0, answer.Error);
        Assert.Equal(reply, Convert.ToHexStringLower(answer.Body));
        Assert.Equal([call], _fileSystem.Calls);
        kernel.AssertSilent();
    }

    public static TheoryData<uint, string> Changes => new()
    {
        { 0x001, "- mode 2541 uid - gid - size - atime - mtime - clear False" },
        { 0x002, "- mode - uid 7 gid - size - atime - mtime - clear True" },
        { 0x004, "- mode - uid - gid 8 size - atime - mtime - clear True" },
        { 0x008, "- mode - uid - gid - size 4096 atime - mtime - clear False" },
        { 0x848, "5 mode - uid - gid - size 4096 atime - mtime - clear True" },
        { 0x010, $"- mode - uid - gid - size - atime {new Timestamp(11, 21)} mtime - clear False" },
        { 0x020, $"- mode - uid - gid - size - atime - mtime {new Timestamp(-12, 22)} clear False" },
        { 0x1B0, $"- mode - uid - gid - size - atime {new Timestamp(1767323045, 0)} mtime {new Timestamp(1767323045, 0)} clear False" },
        // Nothing: what is left of a change that takes the set-id bits away.
        { 0x000, "- mode - uid - gid - size - atime - mtime - clear True" },
        // FATTR_CTIME alone: the change time is the file system's own.
        { 0x400, "- mode - uid - gid - size - atime - mtime - clear False" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void SETATTR_changes_what_its_bits_say(uint valid, string change)
    {
        using var kernel = Initialized(_fileSystem, Options);
        var answer = kernel.Call(Opcode.SetAttr, 9, Body(
            valid, 0u, 5ul, 4096ul, 0ul, 11ul, unchecked((ulong)-12L), 13ul, 21u, 22u, 23u, 0x89EDu, 0u, 7u, 8u, 0u));
        Assert.Equal(AttrOutHex, Convert.ToHexStringLower(answer.Body));
        Assert.Equal(["setattr 9 " + change], _fileSystem.Calls);
    }

    public static TheoryData<uint, byte[], int> Refused => new()
    {
        { (uint)Opcode.Link, Body(5ul, "name"), Errno.EPERM },
        { (uint)Opcode.Access, Body(4u, 0u), Errno.ENOSYS },
        { (uint)Opcode.LSeek, Body(77ul, 0ul, 3u, 0u), Errno.ENOSYS },
        { (uint)Opcode.GetLk, new byte[48], Errno.ENOSYS },
        { (uint)Opcode.SetLk, new byte[48], Errno.ENOSYS },
        { (uint)Opcode.SetLkW, new byte[48], Errno.ENOSYS },
        { (uint)Opcode.BMap, new byte[16], Errno.ENOSYS },
        { (uint)Opcode.Poll, new byte[24], Errno.ENOSYS },
        { (uint)Opcode.SyncFs, new byte[8], Errno.ENOSYS },
        { (uint)Opcode.TmpFile, Body(0u, 0u, 0u, 0u, "name"), Errno.ENOSYS },
        { (uint)Opcode.StatX, new byte[24], Errno.ENOSYS },
        { (uint)Opcode.IoCtl, new byte[32], Errno.ENOTTY },
        { 48, new byte[40], Errno.ENOSYS },
        { 60, [], Errno.ENOSYS },
        { 4096, new byte[16], Errno.ENOSYS },
        { (uint)Opcode.Rename2, Body(12ul, 4u, 0u, "old", "new"), Errno.EINVAL },
        { (uint)Opcode.FAllocate, Body(77ul, 0ul, 4096ul, 2u, 0u), Errno.EOPNOTSUPP },
        { (uint)Opcode.FAllocate, Body(77ul, 0ul, 4096ul, 8u, 0u), Errno.EOPNOTSUPP },
        { (uint)Opcode.FAllocate, Body(77ul, 1ul, (ulong)long.MaxValue, 0u, 0u), Errno.EFBIG },
        { (uint)Opcode.SetXAttr, Body(0u, 3u, "user.a"), Errno.EINVAL },
        { (uint)Opcode.Write, Body(77ul, (ulong)long.MaxValue, 1u, 0u, Lock8, 1u, 0u, new byte[1]), Errno.EFBIG },
        { (uint)Opcode.Read, Body(77ul, ulong.MaxValue, 1u, 0u, Lock8, 0u, 0u), Errno.EINVAL },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_offered_is_refused_without_a_call(uint opcode, byte[] body, int errno)
    {
        using var kernel = Initialized(_fileSystem, Options);
        var answer = kernel.Call((Opcode)opcode, 9, body);
        Assert.Equal(-errno, answer.Error);
        Assert.Empty(answer.Body);
        Assert.Empty(_fileSystem.Calls);
    }

    [Fact]
    public void An_attribute_longer_than_the_callers_buffer_is_ERANGE()
    {
        using var kernel = Initialized(_fileSystem, Options);
        Assert.Equal(-Errno.ERANGE, kernel.Call(Opcode.GetXAttr, 9, Body(4u, 0u, "user.a")).Error);
        Assert.Equal(-Errno.ERANGE, kernel.Call(Opcode.ListXAttr, 9, Body(4u, 0u)).Error);
    }

    [Fact]
    public void Forgets_carry_their_counts_and_get_no_reply()
    {
        using var kernel = Initialized(_fileSystem, Options with { ReaderThreads = 1 });
        kernel.Send(Opcode.Forget, 9, Body(3ul));
        kernel.Send(Opcode.BatchForget, 0, Body(2u, 0u, 10ul, 1ul, 11ul, 5ul));
        kernel.AssertSilent();
        Assert.Equal(["forget 9 3", "forget 10 1", "forget 11 5", "statfs"], _fileSystem.Calls);
    }

    [Fact]
    public void DESTROY_is_acknowledged()
    {
        using var kernel = Initialized(_fileSystem, Options);
        Assert.Equal(0, kernel.Call(Opcode.Destroy, 0, []).Error);
    }
}
