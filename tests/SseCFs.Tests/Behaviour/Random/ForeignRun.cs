using Microsoft.Extensions.Time.Testing;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>Does each step to the mount, or to its bucket as another client, and compares the bucket with what it must be.</summary>
internal sealed class ForeignRun : IAsyncDisposable
{
    /// <summary>What a program may be told when another writer was faster.</summary>
    private static readonly FsError[] Lost = [FsError.Conflict, FsError.Stale, FsError.Exists, FsError.NotFound];

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly MemoryStore _store;
    private readonly Mount _mount;
    private readonly bool _isForgetful;
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpenFile> _open = [];
    private readonly HashSet<string> _conflicts = [];

    /// <summary>Names whose object came, changed or went by another's hand, and which the mount may not have seen yet.</summary>
    private readonly HashSet<string> _unseen = [];

    /// <summary>All that ever stood under a name.</summary>
    private readonly Dictionary<string, List<byte[]>> _past = [];
    private int _seed;

    /// <param name="isForgetful">Hardly a name is kept that nobody uses.</param>
    public ForeignRun(bool isForgetful)
    {
        _isForgetful = isForgetful;
        _store = new MemoryStore(_clock);
        _mount = new Mount(
            _store, _clock, new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, MostNames = isForgetful ? 1 : null });
        _store.PutForeign("d/", []);
    }

    public async Task DoAsync(Step step)
    {
        if (_isForgetful)
        {
            _mount.KernelForgets();
        }
        var (deed, path, other, offset, length) = step;
        var open = _open.GetValueOrDefault(path);
        switch (deed)
        {
            case Deed.ForeignPut:
                Set(path, Next(length));
                _store.PutForeign(path, _objects[path]);
                _unseen.Add(path);
                break;
            case Deed.ForeignDelete:
                _store.DeleteForeign(path);
                _objects.Remove(path);
                _unseen.Add(path);
                break;
            case Deed.Pass:
                _mount.Pass(offset % 15);
                break;
            case Deed.Read:
                await ReadAsync(path, open);
                break;
            case Deed.Overwrite when open is null:
                var fresh = Next(length);
                await TryAsync(path, () => _mount.Write(path, fresh), () => Set(path, fresh), kept: fresh);
                break;
            case Deed.Append when open is null && _objects.ContainsKey(path):
                await AppendAsync(path, Next(length));
                break;
            case Deed.Rename when path != other && open is null && !_open.ContainsKey(other):
                await TryAsync(path, () => _mount.Rename(path, other), () =>
                {
                    // Removed by another client a moment ago, it may be moved as it was last seen.
                    var isGone = !_objects.Remove(path, out var moved);
                    Set(other, isGone ? Assert.Single(_past[path], data => data.AsSpan().SequenceEqual(_store[other].Data)) : moved!);
                }, mayFail: _unseen.Contains(other) || !_objects.ContainsKey(path));
                break;
            case Deed.Unlink when open is null:
                await TryAsync(path, () => _mount.Unlink(path), () => _objects.Remove(path), mayFail: !_objects.ContainsKey(path));
                break;
            case Deed.Open when open is null && _objects.ContainsKey(path):
                await OpenAsync(path);
                break;
            case Deed.WriteOpen when open is not null:
                await _mount.WriteAt(open.Handle, offset, Next(length));
                open.Write(offset, Mount.Content(length, _seed));
                break;
            case Deed.ReadOpen when open is not null:
                await ReadOpenAsync(open, offset, length);
                break;
            case Deed.Sync when open is not null:
                await StoreAsync(path, open, () => _mount.Files.SyncAsync(open.Handle, default).AsTask());
                break;
            case Deed.Close when open is not null:
                _open.Remove(path);
                await StoreAsync(path, open, () => _mount.Close(open.Handle));
                break;
        }
    }

    public async Task FinishAsync()
    {
        foreach (var (path, open) in _open)
        {
            await StoreAsync(path, open, () => _mount.Close(open.Handle));
        }
        _open.Clear();
        await _mount.Remount();
        AssertBucket();
        foreach (var (path, data) in _objects)
        {
            AssertSame(data, await _mount.Read(path), path);
        }
        Assert.Equal(0, _store.OpenUploads);
    }

    public ValueTask DisposeAsync() => _mount.DisposeAsync();

    private async Task OpenAsync(string path)
    {
        try
        {
            var handle = await _mount.Open(path, OpenFlags.Read | OpenFlags.Write);
            _open[path] = new OpenFile(handle, _objects[path], _store[path].ETag);
            _unseen.Remove(path);
        }
        catch (FsException e) when (Lost.Contains(e.Reason) && _unseen.Contains(path))
        {
            // Not seen yet.
        }
    }

    /// <summary>
    /// An open sees what was closed or stored before it; only that a name has come may be seen later. Of a file that is being written here while another client has
    /// replaced it, the one or the other is seen.
    /// </summary>
    private async Task ReadAsync(string path, OpenFile? open)
    {
        try
        {
            var found = await _mount.Read(path);
            if (open is { IsDirty: true } && !(HasChanged(path, open) && found.Length != open.Data.Length))
            {
                AssertSame(open.Data, found, path);
            }
            else
            {
                AssertSame(_objects.GetValueOrDefault(path) ?? throw new InvalidOperationException($"{path} is gone, and was read"), found, path);
            }
            if (open is null)
            {
                _unseen.Remove(path);
            }
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && (!_objects.ContainsKey(path) || _unseen.Contains(path)))
        {
            // It is not there, or was not when the mount last looked.
        }
        catch (FsException e) when (e.Reason == FsError.Stale && open is not null && HasChanged(path, open))
        {
            // The version that is open, and was not read before, is gone.
        }
    }

    /// <summary>One version of the file with what was written to it, or nothing.</summary>
    private async Task ReadOpenAsync(OpenFile open, int offset, int length)
    {
        try
        {
            AssertSame(open.Data.Skip(offset).Take(length).ToArray(), await _mount.ReadAt(open.Handle, offset, length), "a handle");
        }
        catch (FsException e) when (e.Reason == FsError.Stale && _open.Any(one => one.Value == open && HasChanged(one.Key, open)))
        {
            // The version that is open, and was not read before, is gone.
        }
    }

    private async Task AppendAsync(string path, byte[] data)
    {
        byte[]? expected = null;
        await TryAsync(path, async () =>
        {
            var handle = await _mount.Open(path, OpenFlags.Write);
            try
            {
                expected = [.. _objects[path], .. data];
                await _mount.WriteAt(handle, 0, data, append: true);
            }
            finally
            {
                await _mount.Close(handle);
            }
        }, () => Set(path, expected!));
    }

    /// <summary>What was written to the open file is in the bucket now, under its name or, where another writer's version stands there, under a conflict name.</summary>
    private async Task StoreAsync(string path, OpenFile open, Func<Task> store)
    {
        if (!open.IsDirty)
        {
            await store();
            AssertBucket();
            return;
        }
        if (!HasChanged(path, open))
        {
            await store();
            Set(path, open.Data);
            AssertBucket();
            open.Stored(_store[path].ETag);
            return;
        }
        await Fails.With(FsError.Conflict, store);
        var kept = Assert.Single(_store.Keys, key => key.StartsWith(path + ".conflict-", StringComparison.Ordinal) && !_conflicts.Contains(key));
        Assert.Equal(open.Data.Length, _store[kept].Data.Length);
        Assert.True(_store[kept].Data.Select((b, i) => (b, i)).All(one => one.b == open.Data[one.i] || !open.IsWritten(one.i)), "what was written is all in the copy");
        _conflicts.Add(kept);
        AssertBucket();
        // The handle goes on with the other writer's version, or with none.
        _open.Remove(path);
        await _mount.Files.ReleaseAsync(open.Handle);
    }

    private async Task TryAsync(string path, Func<Task> act, Action apply, bool mayFail = false, byte[]? kept = null)
    {
        try
        {
            await act();
            apply();
            AssertBucket();
            _unseen.Remove(path);
        }
        catch (FsException e) when (Lost.Contains(e.Reason) && (mayFail || _unseen.Contains(path)))
        {
            foreach (var key in _store.Keys.Where(key => key.Contains(".conflict-", StringComparison.Ordinal) && _conflicts.Add(key)))
            {
                Assert.Equal(kept ?? _store[key].Data, _store[key].Data);
            }
            AssertBucket();
        }
    }

    private bool HasChanged(string path, OpenFile open) => !_objects.ContainsKey(path) || _store[path].ETag != open.ETag;

    private void AssertBucket()
    {
        Assert.Equal(_objects.Keys.Concat(_conflicts).Append("d/").Order(StringComparer.Ordinal), _store.Keys);
        foreach (var (path, data) in _objects)
        {
            Assert.True(data.AsSpan().SequenceEqual(_store[path].Data), $"{path} is not what was stored last");
        }
    }

    private static void AssertSame(byte[] expected, byte[] actual, string where)
    {
        var same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == expected.Length && same == actual.Length, $"{where}: {actual.Length} bytes where {expected.Length} are due, the first {same} right");
    }

    private void Set(string path, byte[] data)
    {
        _objects[path] = data;
        _past.TryAdd(path, []);
        _past[path].Add(data);
    }

    private byte[] Next(int length) => Mount.Content(length, ++_seed);

    /// <summary>What a program sees through a handle: the version it opened, and what it wrote.</summary>
    private sealed class OpenFile(ulong handle, byte[] data, string etag)
    {
        private readonly HashSet<int> _written = [];

        public ulong Handle => handle;

        public byte[] Data { get; private set; } = data;

        /// <summary>Of the version it stands upon.</summary>
        public string ETag { get; private set; } = etag;

        public bool IsDirty { get; private set; }

        public bool IsWritten(int at) => _written.Contains(at);

        public void Write(int offset, byte[] bytes)
        {
            var changed = new byte[Math.Max(Data.Length, offset + bytes.Length)];
            Data.CopyTo(changed, 0);
            bytes.CopyTo(changed, offset);
            Data = changed;
            _written.UnionWith(Enumerable.Range(offset, bytes.Length));
            IsDirty = true;
        }

        public void Stored(string etag)
        {
            (ETag, IsDirty) = (etag, false);
            _written.Clear();
        }
    }
}
