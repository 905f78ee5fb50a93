using System.Collections.Immutable;
using System.Text;
using SseCFs.Tree;

namespace SseCFs;

/// <content>Operations on open directories, and extended attributes.</content>
public sealed partial class SseFileSystem
{
    /// <summary>Entries whose metadata is asked for ahead of the one that is waited for.</summary>
    private const int MetadataAhead = 128;

    public async ValueTask<ulong> OpenDirectoryAsync(ulong inode, CancellationToken cancellation)
    {
        var directory = _mounted.Names.GetDirectory(inode);
        await _metadata.EnsureAsync(directory, withContent: false, cancellation).ConfigureAwait(false);
        var handle = Interlocked.Increment(ref _lastHandle);
        _directories[handle] = new DirectoryHandle(directory);
        return handle;
    }

    public async ValueTask ReadDirectoryAsync(ulong handle, ulong offset, bool withAttributes, IDirectorySink sink, CancellationToken cancellation)
    {
        var opened = GetDirectoryHandle(handle);
        if (offset != 0)
        {
            // A position that another descriptor told, as NFS servers give, which open one for each read: it counts in what that one reads.
            opened.Snapshot ??= _directories.Where(other => other.Value.Directory == opened.Directory && other.Value.Snapshot is not null)
                .OrderByDescending(other => other.Key).FirstOrDefault().Value?.Snapshot;
        }
        if (opened.Snapshot is null || offset == 0)
        {
            opened.Snapshot = await TakeSnapshotAsync(opened.Directory, cancellation).ConfigureAwait(false);
        }
        if (offset == 0 && !sink.TryAdd(new DirectoryItem("."u8, opened.Directory.Number, FileType.Directory, 1), null))
        {
            return;
        }
        if (offset <= 1 && !sink.TryAdd(new DirectoryItem(".."u8, (opened.Directory.Parent ?? opened.Directory).Number, FileType.Directory, 2), null))
        {
            return;
        }
        var snapshot = opened.Snapshot;
        var mayHide = _mounted.Options.Plain == PlainObjects.Hide;
        var asked = 0;
        for (var i = (int)Math.Max(0, (long)offset - 2); i < snapshot.Count; i++)
        {
            var (name, inode) = snapshot[i];
            Entry? entry = null;
            var isCounted = false;
            if (withAttributes || mayHide)
            {
                for (asked = Math.Max(asked, i); asked < snapshot.Count && asked < i + MetadataAhead; asked++)
                {
                    AskAhead(snapshot[asked].Inode);
                }
            }
            if (mayHide && await IsHiddenAsync(inode, cancellation).ConfigureAwait(false))
            {
                continue;
            }
            try
            {
                // Counted before it is told, so that it stays. Of what was dropped from memory since, only the name is known.
                if (withAttributes && _mounted.Names.TryAddLookup(inode, isTold: true))
                {
                    isCounted = true;
                    entry = await TryGetEntryAsync(inode, cancellation).ConfigureAwait(false);
                }
                if (inode is { IsDetached: true, IsEvicted: false })
                {
                    continue;
                }
                var type = inode is FileInode file ? file.Type : FileType.Directory;
                if (!sink.TryAdd(new DirectoryItem(name, inode.Number, type, (ulong)i + 3), entry))
                {
                    return;
                }
                isCounted &= entry is null;
            }
            finally
            {
                if (isCounted)
                {
                    _mounted.Names.Forget(inode.Number, 1);
                }
            }
        }
    }

    public ValueTask SyncDirectoryAsync(ulong handle, CancellationToken cancellation) =>
        _queue.StoreWithinAsync(GetDirectoryHandle(handle).Directory, cancellation);

    public void ReleaseDirectory(ulong handle) => _directories.TryRemove(handle, out _);

    public KnownInode GetKnown(ulong inode)
    {
        var found = _mounted.Names.Get(inode);
        lock (found.Sync)
        {
            return new KnownInode(_lookup.AttributesOf(found), found.Metadata?.Extended.ToList() ?? []);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>?> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        var found = _mounted.Names.Get(inode);
        if (!TryGetUserName(name.Span, out var key))
        {
            return null;
        }
        await _metadata.EnsureAsync(found, withContent: false, cancellation).ConfigureAwait(false);
        lock (found.Sync)
        {
            return found.Metadata is { } known && known.Extended.TryGet(key, out var value) ? value : (ReadOnlyMemory<byte>?)null;
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellation)
    {
        var found = _mounted.Names.Get(inode);
        await _metadata.EnsureAsync(found, withContent: false, cancellation).ConfigureAwait(false);
        lock (found.Sync)
        {
            return Encoding.UTF8.GetBytes(string.Concat((found.Metadata?.Extended.Names ?? []).Select(name => name + "\0")));
        }
    }

    public ValueTask SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeMode mode, CancellationToken cancellation) =>
        ChangeExtendedAsync(inode, name, exists =>
        {
            if (exists && mode == ExtendedAttributeMode.Create)
            {
                throw new FsException(FsError.Exists, "the extended attribute exists");
            }
            if (!exists && mode == ExtendedAttributeMode.Replace)
            {
                throw new FsException(FsError.NoAttribute, "no such extended attribute");
            }
            return value.ToArray();
        }, cancellation);

    public ValueTask RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        ChangeExtendedAsync(inode, name, exists => exists ? null : throw new FsException(FsError.NoAttribute, "no such extended attribute"), cancellation);

    /// <param name="change">Gets whether there is one, and gives its new value; null: none.</param>
    private async ValueTask ChangeExtendedAsync(ulong inode, ReadOnlyMemory<byte> name, Func<bool, byte[]?> change, CancellationToken cancellation)
    {
        EnsureWritable();
        var found = _mounted.Names.Get(inode);
        EnsureReachable(found);
        await _metadata.EnsureAsync(found, withContent: false, cancellation).ConfigureAwait(false);
        EnsureReadable(found);
        if (!TryGetUserName(name.Span, out var key))
        {
            throw new FsException(FsError.NotSupported, "only user.* attributes are kept");
        }
        var now = _mounted.Now();
        lock (found.Sync)
        {
            var value = change(found.Metadata!.Extended.TryGet(key, out _));
            found.Change(new AttributePatch { ChangeTime = now, Extended = ImmutableDictionary<string, byte[]?>.Empty.Add(key, value) });
        }
        Defer(found);
    }

    private static bool TryGetUserName(ReadOnlySpan<byte> name, out string key)
    {
        key = name.StartsWith("user."u8) && System.Text.Unicode.Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : "";
        return key.Length > 0;
    }

    private async ValueTask<IReadOnlyList<(byte[] Name, Inode Inode)>> TakeSnapshotAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        _mounted.Names.BeginReading(directory);
        try
        {
            await _lister.RefreshAsync(directory, DirectoryLister.AllPages, _mounted.Options.AttributesValid, cancellation).ConfigureAwait(false);
            lock (_mounted.Names.Sync)
            {
                return [.. directory.Children.Select(pair => (FileName.ToName(pair.Key)!, pair.Value))];
            }
        }
        finally
        {
            _mounted.Names.EndReading(directory);
            _eviction.Run();
        }
    }

    /// <summary>Starts the request; its failure is seen by whoever waits for that inode.</summary>
    private void AskAhead(Inode inode)
    {
        if (!inode.IsDetached && !_metadata.IsKnown(inode))
        {
            _ = ObserveAsync(_metadata.EnsureAsync(inode, withContent: false, CancellationToken.None));
        }

        static async Task ObserveAsync(ValueTask asked)
        {
            try
            {
                await asked.ConfigureAwait(false);
            }
            catch (FsException)
            {
                // Told to the one who waits.
            }
        }
    }

    /// <summary>Where it cannot be told, the listing fails: a name left out would look like a file that was removed.</summary>
    private async ValueTask<bool> IsHiddenAsync(Inode inode, CancellationToken cancellation)
    {
        try
        {
            return await _metadata.IsHiddenAsync(inode, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            // Gone since it was listed, which is seen from the inode.
            return false;
        }
    }

    /// <summary>Null where attributes cannot be had: the name is listed all the same.</summary>
    private async ValueTask<Entry?> TryGetEntryAsync(Inode inode, CancellationToken cancellation)
    {
        try
        {
            await _metadata.EnsureAsync(inode, withContent: false, cancellation).ConfigureAwait(false);
            return _lookup.EntryOf(inode);
        }
        catch (FsException)
        {
            return null;
        }
    }

    private DirectoryHandle GetDirectoryHandle(ulong handle) =>
        _directories.TryGetValue(handle, out var opened) ? opened : throw new FsException(FsError.BadHandle, $"directory handle {handle} is not open");
}
