using SseCFs.Content;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>Brings the metadata of inodes, which LIST does not carry; one request for all who wait for the same. Thread-safe.</summary>
internal sealed class MetadataReader(Mounted mounted) : IAsyncDisposable
{
    /// <summary>A file this small is fetched whole where its metadata is asked for: it is most often read next.</summary>
    private const long SmallFile = 64 << 10;

    /// <summary>A directory's marker is asked for again after this; its own listing notices a change earlier.</summary>
    private static readonly TimeSpan MarkerValid = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _requests = new(mounted.Options.MetadataRequests);
    private readonly CancellationTokenSource _ending = new();
    private readonly Timestamp _mountedAt = mounted.Now();

    /// <summary>Given an inode that has attributes to be stored from now on. Called under <see cref="Namespace.Sync"/>.</summary>
    public Action<Inode>? PatchMoved { get; set; }

    /// <summary>Cancelled when the mount ends.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether <see cref="EnsureAsync"/> would ask the store.</summary>
    public bool IsKnown(Inode inode) => inode switch
    {
        FileInode file => !file.IsInDoubt && (file.Attributes.AreKnown || file.IsUnreadable),
        DirectoryInode directory => directory.Attributes.AreKnown && (directory.AreAttributesNewer || mounted.IsWithin(directory.MetadataAt, MarkerValid)),
        _ => true,
    };

    /// <summary>Whether the inode does not appear, as far as is known.</summary>
    public bool IsHidden(Inode inode) => mounted.Options.Plain == PlainObjects.Hide && inode is FileInode { IsUnreadable: true, IsPlain: true };

    /// <summary>The same, asked for if it is not known: a listing does not tell what is encrypted.</summary>
    public async ValueTask<bool> IsHiddenAsync(Inode inode, CancellationToken cancellation)
    {
        if (mounted.Options.Plain != PlainObjects.Hide || inode is not FileInode)
        {
            return false;
        }
        await EnsureAsync(inode, withContent: false, cancellation).ConfigureAwait(false);
        return IsHidden(inode);
    }

    /// <summary>Throws if the content of an inode whose metadata is known is not for this mount.</summary>
    public void EnsureReadable(Inode inode)
    {
        if (inode is not FileInode { IsUnreadable: true } file)
        {
            return;
        }
        var key = mounted.Names.KeyOf(file);
        throw file.IsPlain
            ? new FsException(FsError.PlainRefused, $"{key} is not encrypted: it can be neither opened, moved nor replaced here")
            : new FsException(FsError.KeyUnknown, $"{key} is encrypted with another key: it can be removed, but neither opened, moved nor replaced");
    }

    /// <param name="withContent">Fetch a small file whole by the same request.</param>
    public ValueTask EnsureAsync(Inode inode, bool withContent, CancellationToken cancellation)
    {
        if (IsKnown(inode))
        {
            return ValueTask.CompletedTask;
        }
        Task loading;
        lock (inode.Sync)
        {
            if (IsKnown(inode))
            {
                return ValueTask.CompletedTask;
            }
            loading = inode.Loading ??= Task.Run(() => LoadAsync(inode, withContent), CancellationToken.None);
        }
        return new ValueTask(loading.WaitAsync(cancellation));
    }

    /// <summary>Asks the store whether the version known here is still the one there, and takes over a newer one.</summary>
    /// <param name="withContent">Fetch the start of a new version by the same request.</param>
    /// <exception cref="FsException">Stale: there is a newer version and older handles are open: the name leads to another inode now.</exception>
    public async ValueTask RevalidateAsync(FileInode file, bool withContent, CancellationToken cancellation)
    {
        var started = mounted.Names.Sequence;
        var key = mounted.Names.KeyOf(file);
        if (file.Stored is not { } known)
        {
            return; // removed meanwhile
        }
        try
        {
            if (!withContent || known.Size == 0 || file.IsUnreadable)
            {
                TakeOver(file, await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false), started);
                return;
            }
            // A small file that is not in the cache comes whole whether it has changed or not: it is most often read next.
            var isFetched = known.Size <= SmallFile && Versions.ContentOf(mounted, file) is { } content && !content.IsCached();
            var body = await mounted.Store.GetAsync(key, 0, Block.Size, null, isFetched ? null : known.ETag, cancellation).ConfigureAwait(false);
            if (body is null)
            {
                Confirm(file, started);
                return;
            }
            await using (body.ConfigureAwait(false))
            {
                TakeOver(file, body.Info, started);
                await SeedAsync(file, body, cancellation).ConfigureAwait(false);
            }
        }
        catch (FsException e) when (e.IsUnreadable)
        {
            MarkUnreadable(file, key, e);
            Confirm(file, started);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            DetachGone(file, started);
            throw;
        }
    }

    /// <summary>Cancels the requests in flight and waits for their end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        for (var i = 0; i < mounted.Options.MetadataRequests; i++)
        {
            await _requests.WaitAsync().ConfigureAwait(false);
        }
        _requests.Dispose();
        _ending.Dispose();
    }

    private async Task LoadAsync(Inode inode, bool withContent)
    {
        await _requests.WaitAsync(_ending.Token).ConfigureAwait(false);
        try
        {
            if (inode is FileInode file)
            {
                while (!await TryLoadFileAsync(file, withContent).ConfigureAwait(false))
                {
                }
            }
            else
            {
                await LoadDirectoryAsync((DirectoryInode)inode).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (inode.Sync)
            {
                inode.Loading = null;
            }
            _requests.Release();
        }
    }

    /// <returns>False: the file was moved or stored meanwhile, and the answer is of no use.</returns>
    private async ValueTask<bool> TryLoadFileAsync(FileInode file, bool withContent)
    {
        var started = mounted.Names.Sequence;
        var key = mounted.Names.KeyOf(file);
        try
        {
            var size = file.Stored?.Size ?? 0;
            if (!withContent || file.IsInDoubt || size is 0 or > SmallFile)
            {
                return TryApply(file, await mounted.Store.HeadAsync(key, _ending.Token).ConfigureAwait(false), started);
            }
            var body = await mounted.Store.GetAsync(key, 0, Block.Size, null, null, _ending.Token).ConfigureAwait(false);
            await using (body!.ConfigureAwait(false))
            {
                if (!TryApply(file, body!.Info, started))
                {
                    return false;
                }
                await SeedAsync(file, body, _ending.Token).ConfigureAwait(false);
            }
        }
        catch (FsException e) when (e.IsUnreadable)
        {
            MarkUnreadable(file, key, e);
            Confirm(file, started);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            if (IsChangedSince(file, started))
            {
                return false;
            }
            DetachGone(file, started);
            throw;
        }
        return true;
    }

    private async ValueTask LoadDirectoryAsync(DirectoryInode directory)
    {
        while (!await TryLoadDirectoryAsync(directory).ConfigureAwait(false))
        {
        }
    }

    /// <returns>False: the directory was moved meanwhile, and the answer is of no use.</returns>
    private async ValueTask<bool> TryLoadDirectoryAsync(DirectoryInode directory)
    {
        ObjectInfo? info = null;
        var started = mounted.Names.Sequence;
        var key = mounted.Names.KeyOf(directory);
        if (key.Length > 0 && directory.HasMarker != false)
        {
            try
            {
                info = await mounted.Store.HeadAsync(key, _ending.Token).ConfigureAwait(false);
                Confirm(directory, started);
            }
            catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
            {
                // No marker, or one that we cannot read: the directory is there all the same.
            }
        }
        lock (mounted.Names.Sync)
        {
            if (mounted.Names.KeyOf(directory) != key)
            {
                return false;
            }
            lock (directory.Sync)
            {
                Apply(directory, key, info, started);
            }
        }
        return true;
    }

    private void Apply(DirectoryInode directory, string key, ObjectInfo? info, long started)
    {
        directory.MetadataAt = mounted.Clock.GetTimestamp();
        if (directory.Attributes.AreKnown && (directory.AreAttributesNewer || directory.ChangedAt > started))
        {
            return;
        }
        if (info is not null)
        {
            directory.HasMarker = true;
            directory.MarkerModified = info.LastModified;
            directory.MarkerETag = info.ETag;
            directory.Attributes = directory.Attributes.WithStored(PosixMetadata.Parse(info, FileType.Directory, mounted.Owners));
        }
        else
        {
            directory.HasMarker ??= key.Length == 0 ? false : null;
            directory.Attributes = directory.Attributes.WithStored(directory.Attributes.Stored ?? PosixMetadata.Create(
                FileType.Directory | mounted.Owners.DirectoryMode, mounted.Owners.Uid, mounted.Owners.Gid, _mountedAt));
        }
    }

    private bool TryApply(FileInode file, ObjectInfo info, long started)
    {
        lock (mounted.Names.Sync)
        {
            lock (file.Sync)
            {
                if (IsChangedSince(file, started))
                {
                    file.IsInDoubt = false;
                    return file.Attributes.AreKnown;
                }
                if (!file.IsInDoubt && !Versions.IsOtherType(mounted, file, info))
                {
                    Versions.Apply(mounted, file, info);
                    mounted.Names.Confirm(file);
                    return true;
                }
            }
            Resolve(file, info);
            return true;
        }
    }

    /// <summary>What the store has under the name of a file that programs have open. Under <see cref="Namespace.Sync"/>.</summary>
    /// <returns>False: another file, to which the name leads from now on; the handles go on with the version that they opened.</returns>
    private bool Resolve(FileInode file, ObjectInfo info)
    {
        lock (file.Sync)
        {
            file.IsInDoubt = false;
            mounted.Names.Confirm(file);
            Versions.TryFollow(file, info);
            if (file.HoldsUnsaved || file.AreAttributesInFlight || file.Attributes.Patch is not null && file.HasAttempts)
            {
                // Whose version that is, and whether it is a conflict, shows when ours is stored.
                return true;
            }
            if ((file.Handles == 0 || file.Stored!.ETag == info.ETag) && !Versions.IsOtherType(mounted, file, info))
            {
                Versions.Apply(mounted, file, info);
                return true;
            }
        }
        if (!file.IsDetached)
        {
            mounted.Names.Detach(file);
            var fresh = mounted.Names.NewFile();
            Versions.Apply(mounted, fresh, info);
            mounted.Names.Attach(file.Parent!, file.Name, fresh);
            TakePatchAlong(file, fresh);
        }
        return false;
    }

    /// <summary>Attributes that a program has set and that wait to be stored are those of the name, whichever version it leads to.</summary>
    private void TakePatchAlong(FileInode file, FileInode fresh)
    {
        lock (file.Sync)
        {
            if (file.Attributes.Patch is not { } patch)
            {
                return;
            }
            file.Attributes = file.Attributes.WithoutPatch();
            fresh.Attributes = fresh.Attributes.Then(patch);
        }
        PatchMoved?.Invoke(fresh);
    }

    private bool IsChangedSince(FileInode file, long started)
    {
        lock (mounted.Names.Sync)
        {
            return file.ChangedAt > started;
        }
    }

    /// <param name="started">The sequence number when the request went out: what this mount stored since is newer than the answer.</param>
    private void TakeOver(FileInode file, ObjectInfo info, long started)
    {
        lock (mounted.Names.Sync)
        {
            lock (file.Sync)
            {
                if (file.IsUploading || file.ChangedAt > started)
                {
                    return;
                }
            }
            if (Resolve(file, info))
            {
                return;
            }
        }
        throw new FsException(FsError.Stale, $"{info.Key} was replaced while an older version is open here");
    }

    private async ValueTask SeedAsync(FileInode file, ObjectBody body, CancellationToken cancellation)
    {
        if (body.Length == 0 || body.Length < Math.Min(Block.Size, body.Info.Size) || Versions.ContentOf(mounted, file) is not { } content || content.ETag != body.Info.ETag)
        {
            return;
        }
        var block = mounted.Pool.Rent((int)body.Length);
        try
        {
            for (var filled = 0; filled < block.Length;)
            {
                var read = await body.ReadAsync(block.Buffer.Slice(filled, block.Length - filled), cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    return;
                }
                filled += read;
            }
            content.Seed(0, block);
        }
        finally
        {
            block.Release();
        }
    }

    private void Confirm(Inode inode, long started)
    {
        lock (mounted.Names.Sync)
        {
            if (inode.ChangedAt <= started)
            {
                mounted.Names.Confirm(inode);
            }
        }
    }

    private void MarkUnreadable(FileInode file, string key, FsException reason)
    {
        bool isNews;
        lock (file.Sync)
        {
            isNews = !file.IsUnreadable;
            file.IsUnreadable = true;
            file.IsInDoubt = false;
            file.IsPlain = reason.Reason == FsError.PlainRefused;
        }
        if (isNews && IsHidden(file))
        {
            TreeLog.ObjectHidden(mounted.Log, key, reason.Message);
        }
        else if (isNews)
        {
            TreeLog.ObjectUnreadable(mounted.Log, key, reason.Message);
        }
    }

    private void DetachGone(FileInode file, long started)
    {
        lock (mounted.Names.Sync)
        {
            if (!file.IsDetached && file.Staged is null && !file.IsUploading && file.ChangedAt <= started)
            {
                mounted.Names.Detach(file);
                mounted.Invalidation?.InvalidateEntry(file.Parent!.Number, FileName.ToName(file.Name)!);
            }
        }
    }
}
