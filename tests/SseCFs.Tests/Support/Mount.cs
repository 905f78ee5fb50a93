using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Journal;
using SseCFs.Store;

namespace SseCFs.Tests.Support;

/// <summary>
/// A mounted file system driven by paths, the way the kernel would: every component is looked up, what was opened is flushed and released. Time
/// stands still until the test moves it.
/// </summary>
internal sealed class Mount : IAsyncDisposable
{
    public static readonly Caller User = new(1000, 1000, 1);

    private readonly IObjectStore _store;
    private readonly SseFileSystemOptions _options;
    private readonly ChangeJournal? _journal;

    /// <param name="journal">Goes with the mount.</param>
    public Mount(IObjectStore store, FakeTimeProvider clock, SseFileSystemOptions? options = null, ChangeJournal? journal = null)
    {
        _store = store;
        _journal = journal;
        Clock = clock;
        _options = options ?? new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory };
        Files = Start();
    }

    public FakeTimeProvider Clock { get; }

    public SseFileSystem Files { get; private set; }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Content that differs everywhere and can be told apart by its seed.</summary>
    public static byte[] Content(int length, int seed = 1)
    {
        var data = new byte[length];
#pragma warning disable CA5394 // test data
        new Random(seed).NextBytes(data);
#pragma warning restore CA5394
        return data;
    }

    public async Task<ulong> InodeOf(string path) => (await Lookup(path)).Attributes.Inode;

    public async Task<Entry> Lookup(string path)
    {
        var entry = new Entry(await Files.GetAttributesAsync(IFileSystem.RootInode, null, default), default, default);
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            entry = await Files.LookupAsync(entry.Attributes.Inode, Bytes(name), User, default);
        }
        return entry;
    }

    public async Task<Attributes> Stat(string path) => (await Lookup(path)).Attributes;

    public async Task<bool> Exists(string path)
    {
        try
        {
            await Lookup(path);
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return false;
        }
    }

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

    public async Task WriteAt(ulong handle, long offset, byte[] data, bool append = false)
    {
        for (var at = 0; at < data.Length; at += 64 << 10)
        {
            await Files.WriteAsync(handle, offset + at, data.AsMemory(at, Math.Min(64 << 10, data.Length - at)), append, false, default);
        }
    }

    /// <summary>close(2). Whatever flush answers, the handle is released, as the kernel does.</summary>
    public async Task Close(ulong handle)
    {
        try
        {
            await Files.FlushAsync(handle, default);
        }
        finally
        {
            await Files.ReleaseAsync(handle);
        }
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

    public async Task<byte[]> ReadAt(ulong handle, long offset, int length)
    {
        var result = new MemoryStream();
        var segments = new ReadSegments();
        while (length > 0)
        {
            var asked = Math.Min(length, 1 << 20);
            int given;
            try
            {
                await Files.ReadAsync(handle, offset, asked, segments, default);
                given = segments.Length;
                for (var i = 0; i < segments.Count; i++)
                {
                    result.Write(segments[i].Span);
                }
            }
            finally
            {
                segments.Release();
            }
            offset += given;
            length -= given;
            if (given < asked)
            {
                break;
            }
        }
        return result.ToArray();
    }

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

    /// <summary>Lets what was looked up and listed grow old.</summary>
    public void Pass(double seconds = 2) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Stores everything, and begins anew with nothing in memory.</summary>
    public async Task Remount()
    {
        Assert.Equal(0, await Files.DrainAsync(default));
        await Files.DisposeAsync();
        Files = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await Files.DisposeAsync();
        _journal?.Dispose();
    }

    private SseFileSystem Start() => new(_store, _options, _journal, Clock, NullLogger<SseFileSystem>.Instance);

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
