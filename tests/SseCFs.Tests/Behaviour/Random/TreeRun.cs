using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>Does each operation to the mount and to the model, and compares what they answer; at the end, the whole tree and the bucket itself.</summary>
internal sealed class TreeRun : IAsyncDisposable
{
    private static readonly KeyRing Ring = new([new CustomerKey(new byte[CustomerKey.Length])]);

    private readonly MemoryStore _store;
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly string? _journal;
    private readonly bool _isForgetful;
    private Mount _mount;
    private readonly ModelTree _model = new();
    private readonly List<(ulong Handle, ModelFile File)> _open = [];
    private int _seed;

    /// <param name="isKilled">With a journal for write-back; where it would unmount, its process is killed.</param>
    /// <param name="isForgetful">Hardly a name is kept that nobody uses.</param>
    public TreeRun(bool isKilled, bool isForgetful)
    {
        _isForgetful = isForgetful;
        _store = new MemoryStore(_clock);
        _journal = isKilled ? Directory.CreateTempSubdirectory("ssecfs-tree-").FullName : null;
        _mount = Start();
    }

    public async Task DoAsync(Operation operation)
    {
        if (_isForgetful)
        {
            _mount.KernelForgets();
        }
        var (act, path, other, offset, length) = operation;
        switch (act)
        {
            case Act.Overwrite:
                await CompareAsync(_model.CheckCreate(path), () => _mount.Write(path, Next(length)), () => FileFor(path).Data = Mount.Content(length, _seed));
                break;
            case Act.WriteInside or Act.Append:
                await CompareAsync(_model.CheckFile(path), () => WriteInsideAsync(path, offset, Next(length), act == Act.Append),
                    () => FileFor(path).Write(act == Act.Append ? FileFor(path).Data.Length : offset, Mount.Content(length, _seed)));
                break;
            case Act.Truncate:
                await CompareAsync(_model.CheckFile(path), () => _mount.Truncate(path, offset), () => FileFor(path).Resize(offset));
                break;
            case Act.Read:
                await CompareAsync(_model.CheckFile(path), async () => AssertSame(_model.FileAt(path)?.Data ?? [], await _mount.Read(path), path), () => { });
                break;
            case Act.Rename:
                await CompareAsync(Mount.RefusalToRename(_model, path, other, IsOpenBelow(path)), () => _mount.Rename(path, other), () => _model.Rename(path, other));
                break;
            case Act.Unlink:
                await CompareAsync(_model.CheckFile(path), () => _mount.Unlink(path), () => _model.Paths.Remove(path));
                break;
            case Act.MakeDirectory:
                await CompareAsync(_model.CheckMakeDirectory(path), () => _mount.MakeDirectory(path), () => _model.Paths[path] = null);
                break;
            case Act.RemoveDirectory:
                await CompareAsync(_model.CheckRemoveDirectory(path), () => _mount.RemoveDirectory(path), () => _model.Paths.Remove(path));
                break;
            case Act.ChangeMode:
                var error = _model.CheckFile(path);
                await CompareAsync(error == FsError.IsDirectory ? null : error, () => ChangeModeAsync(path, Mount.UsableMode(offset), mayOpen: error is null), () =>
                {
                    if (_model.FileAt(path) is { } file)
                    {
                        file.Mode = Mount.UsableMode(offset);
                    }
                });
                break;
            case Act.Open:
                await CompareAsync(_model.CheckFile(path), async () => _open.Add((await _mount.Open(path, OpenFlags.Read | OpenFlags.Write), FileFor(path))), () => { });
                break;
            case Act.List:
                await CompareAsync(_model.WalkTo(path + "/"), async () => Assert.Equal(NamesIn(path), await _mount.List(path, offset % 2 == 0)), () => { });
                break;
            case Act.Pass:
                _mount.Pass(offset % 15);
                break;
            case Act.Remount:
                await CloseAllAsync();
                await EndAsync();
                break;
            default:
                if (_open.Count > 0)
                {
                    await DoOpenAsync(act, offset % _open.Count, offset, length);
                }
                break;
        }
    }

    public async Task FinishAsync()
    {
        await CloseAllAsync();
        await _mount.Remount();
        foreach (var (path, file) in _model.Paths)
        {
            var attributes = await _mount.Stat(path);
            Assert.Equal((path, file is null), (path, attributes.IsDirectory));
            if (file is null)
            {
                Assert.Equal(NamesIn(path), await _mount.List(path));
                continue;
            }
            Assert.Equal((path, FileType.Regular | file.Mode, file.Data.Length), (path, attributes.Mode, attributes.Size));
            AssertSame(file.Data, await _mount.Read(path), path);
        }
        Assert.Equal(NamesIn(""), await _mount.List());
        // Nothing else is left in the bucket: no old name, no conflict, no upload.
        Assert.Equal(_model.Paths.Select(p => p.Value is null ? p.Key + "/" : p.Key).Order(StringComparer.Ordinal), _store.Keys);
        Assert.Equal(0, _store.OpenUploads);
    }

    public async ValueTask DisposeAsync()
    {
        await _mount.DisposeAsync();
        if (_journal is not null)
        {
            Directory.Delete(_journal, recursive: true);
        }
    }

    private Mount Start() => new(
        _store,
        _clock,
        new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, MostNames = _isForgetful ? 2 : null },
        journal: _journal is null ? null : ChangeJournal.Open(_journal, "s3://tree", Ring, isWriteBack: true, NullLogger.Instance));

    private async Task EndAsync()
    {
        if (_journal is null)
        {
            await _mount.Remount();
            return;
        }
        await _mount.DisposeAsync();
        _mount = Start();
        await _mount.Files.RestoreAsync(default);
    }

    /// <summary>Metadata alone outlives a kill only after fsync.</summary>
    private async Task ChangeModeAsync(string path, uint mode, bool mayOpen)
    {
        await _mount.Change(path, new AttributeChange { Mode = mode });
        if (_journal is not null && mayOpen)
        {
            var handle = await _mount.Open(path);
            await _mount.Files.SyncAsync(handle, default);
            await _mount.Close(handle);
        }
    }

    private async Task DoOpenAsync(Act act, int which, int offset, int length)
    {
        var (handle, file) = _open[which];
        switch (act)
        {
            case Act.WriteOpen:
                await _mount.WriteAt(handle, offset, Next(length));
                file.Write(offset, Mount.Content(length, _seed));
                break;
            case Act.ReadOpen:
                AssertSame(file.Data.Skip(offset).Take(length).ToArray(), await _mount.ReadAt(handle, offset, length), "a handle");
                break;
            case Act.PunchOpen when length > 0:
                await _mount.Files.AllocateAsync(handle, AllocateMode.PunchHole, offset, length, default);
                var start = Math.Min(offset, file.Data.Length);
                file.Data.AsSpan(start, Math.Min(length, file.Data.Length - start)).Clear();
                break;
            case Act.SyncOpen:
                await _mount.Files.SyncAsync(handle, default);
                break;
            case Act.Close:
                _open.RemoveAt(which);
                await _mount.Close(handle);
                break;
        }
    }

    private async Task WriteInsideAsync(string path, int offset, byte[] data, bool append)
    {
        var handle = await _mount.Open(path, OpenFlags.Write);
        var size = (await _mount.Stat(path)).Size;
        await _mount.WriteAt(handle, append ? size : offset, data);
        await _mount.Close(handle);
    }

    private bool IsOpenBelow(string path) => _model.Below(path).Any(below => _model.FileAt(below) is { } file && _open.Any(open => open.File == file));

    private async Task CloseAllAsync()
    {
        foreach (var (handle, _) in _open)
        {
            await _mount.Close(handle);
        }
        _open.Clear();
    }

    private static async Task CompareAsync(FsError? expected, Func<Task> act, Action apply)
    {
        if (expected is { } reason)
        {
            await Fails.With(reason, act);
            return;
        }
        await act();
        apply();
    }

    private byte[] Next(int length) => Mount.Content(length, ++_seed);

    private ModelFile FileFor(string path)
    {
        if (_model.FileAt(path) is { } file)
        {
            return file;
        }
        var made = new ModelFile();
        _model.Paths[path] = made;
        return made;
    }

    private IEnumerable<string> NamesIn(string path)
    {
        var start = path.Length == 0 ? "" : path + "/";
        return _model.Paths.Keys.Where(p => p.StartsWith(start, StringComparison.Ordinal) && !p[start.Length..].Contains('/', StringComparison.Ordinal)).Select(p => p[start.Length..]);
    }

    private static void AssertSame(byte[] expected, byte[] actual, string where)
    {
        var same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == expected.Length && same == actual.Length, $"{where}: {actual.Length} bytes where {expected.Length} are due, the first {same} right");
    }
}
