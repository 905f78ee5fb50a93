using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Journal;
using SseCFs.Store;

namespace SseCFs.Tests.Support;

/// <summary>
/// A mounted file system driven by paths, as programs see it. Time stands still until the test moves it. What an operation on a path is to the file system is said in another
/// part of this class: the way a kernel does it, or Windows.
/// </summary>
internal sealed partial class Mount : IAsyncDisposable
{
    public static readonly Caller User = new(1000, 1000, 1);

    private readonly IObjectStore _store;
    private readonly SseFileSystemOptions _options;
    private readonly ChangeJournal? _journal;
    private ulong _lastInode;

    /// <param name="journal">Goes with the mount.</param>
    public Mount(IObjectStore store, FakeTimeProvider clock, SseFileSystemOptions? options = null, ChangeJournal? journal = null)
    {
        _store = store;
        _journal = journal;
        Clock = clock;
        _options = options ?? new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, MostNames = UsualMostNames };
        Files = Start();
        Connect();
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
            _lastInode = Math.Max(_lastInode, entry.Attributes.Inode);
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

    /// <summary>Lets what was looked up and listed grow old.</summary>
    public void Pass(double seconds = 2) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Stores everything, and begins anew with nothing in memory.</summary>
    public async Task Remount()
    {
        Assert.Equal(0, await Files.DrainAsync(default));
        await DisconnectAsync();
        await Files.DisposeAsync();
        Files = Start();
        Connect();
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        await Files.DisposeAsync();
        _journal?.Dispose();
    }

    private async Task WriteToHandle(ulong handle, long offset, byte[] data, bool append)
    {
        for (var at = 0; at < data.Length; at += 64 << 10)
        {
            await Files.WriteAsync(handle, offset + at, data.AsMemory(at, Math.Min(64 << 10, data.Length - at)), append, false, default);
        }
    }

    /// <summary>close(2). Whatever flush answers, the handle is released, as the kernel does.</summary>
    private async Task CloseHandle(ulong handle)
    {
        try
        {
            await Files.FlushAsync(handle, null, default);
        }
        finally
        {
            await Files.ReleaseAsync(handle);
        }
    }

    private async Task<byte[]> ReadFromHandle(ulong handle, long offset, int length)
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

    /// <summary>Whoever stands between programs and the file system begins.</summary>
    private partial void Connect();

    private partial ValueTask DisconnectAsync();

    private SseFileSystem Start() => new(_store, _options, _journal, Clock, NullLogger<SseFileSystem>.Instance);
}
