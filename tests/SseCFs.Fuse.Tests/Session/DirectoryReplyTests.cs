using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class DirectoryReplyTests
{
    private readonly ScriptedFileSystem _fileSystem = new() { Names = [".", "..", "a", "longer name", "ünï"] };

    [Fact]
    public void READDIR_gives_aligned_entries_with_their_offsets()
    {
        using var kernel = Initialized(_fileSystem);
        var reply = kernel.Call(Opcode.ReadDir, 9, Request(offset: 2, size: 4096));
        Assert.Equal(
            "0201000000000000" + "0300000000000000" + "01000000" + "08000000" + "6100000000000000" +
            "0301000000000000" + "0400000000000000" + "0b000000" + "08000000" + "6c6f6e676572206e616d650000000000" +
            "0401000000000000" + "0500000000000000" + "05000000" + "08000000" + "c3bc6ec3af000000",
            Convert.ToHexStringLower(reply.Body));
    }

    [Fact]
    public void READDIRPLUS_precedes_each_entry_with_its_lookup_or_zeros()
    {
        using var kernel = Initialized(_fileSystem);
        var entries = Plus(kernel.Call(Opcode.ReadDirPlus, 9, Request(offset: 0, size: 4096)).Body);
        Assert.Equal(_fileSystem.Names, entries.Select(entry => entry.Name));
        Assert.Equal([0, 0, 0x102, 0x103, 0x104], entries.Select(entry => entry.Entry.NodeId));
        Assert.Equal([1ul, 2, 3, 4, 5], entries.Select(entry => entry.Dirent.NextOffset));
        Assert.Equal(5000ul, entries[2].Entry.Attr.Size);
        Assert.Equal(1u, (uint)entries[2].Entry.EntryValid);
        Assert.Equal(default, entries[0].Entry.Attr);
    }

    [Fact]
    public void A_full_reply_stops_and_the_next_goes_on_where_it_stopped()
    {
        _fileSystem.Names = [.. Enumerable.Range(0, 300).Select(i => $"file-{i}")];
        using var kernel = Initialized(_fileSystem);
        var names = new List<string>();
        var replies = 0;
        for (ulong offset = 0; ; replies++)
        {
            var body = kernel.Call(Opcode.ReadDirPlus, 9, Request(offset, size: 4096)).Body;
            Assert.True(body.Length <= 4096);
            var entries = Plus(body);
            if (entries.Count == 0)
            {
                break;
            }
            names.AddRange(entries.Select(entry => entry.Name));
            offset = entries[^1].Dirent.NextOffset;
        }
        Assert.Equal(_fileSystem.Names, names);
        Assert.True(replies > 10);
    }

    [Fact]
    public void A_failure_after_entries_were_counted_still_delivers_them()
    {
        _fileSystem.Names = ["a", "breaks", "c"];
        using var kernel = Initialized(_fileSystem);
        var reply = kernel.Call(Opcode.ReadDirPlus, 9, Request(offset: 0, size: 4096));
        Assert.Equal(0, reply.Error);
        Assert.Equal(["a", "breaks"], Plus(reply.Body).Select(entry => entry.Name));
        _fileSystem.Behave = (_, _) => throw new FsException(FsError.Unavailable, "still broken");
        Assert.Equal(-Errno.EIO, kernel.Call(Opcode.ReadDirPlus, 9, Request(offset: 2, size: 4096)).Error);
    }

    [Fact]
    public void A_huge_size_is_taken_as_a_mebibyte()
    {
        using var kernel = Initialized(_fileSystem);
        Assert.Equal(0, kernel.Call(Opcode.ReadDir, 9, Request(offset: 0, size: uint.MaxValue)).Error);
    }

    private static byte[] Request(ulong offset, uint size) => Body(79ul, offset, size, 0u, 0ul, 0u, 0u);

    private static List<(EntryOut Entry, DirEnt Dirent, string Name)> Plus(ReadOnlySpan<byte> body)
    {
        var entries = new List<(EntryOut, DirEnt, string)>();
        while (!body.IsEmpty)
        {
            var entry = MemoryMarshal.Read<EntryOut>(body);
            var dirent = MemoryMarshal.Read<DirEnt>(body[Unsafe.SizeOf<EntryOut>()..]);
            var head = Unsafe.SizeOf<EntryOut>() + Unsafe.SizeOf<DirEnt>();
            entries.Add((entry, dirent, Encoding.UTF8.GetString(body.Slice(head, (int)dirent.NameLength))));
            body = body[((head + (int)dirent.NameLength + 7) & ~7)..];
        }
        return entries;
    }
}
