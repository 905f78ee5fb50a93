using SseCFs.Content;
using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>Removes files and directories. Thread-safe.</summary>
internal sealed class Removal(Mounted mounted, Lookup lookup, DirectoryLister lister, MetadataReader metadata, Sends sends, FileStorer storer, DirectoryMarkers markers, Creation creation)
{
    /// <summary>unlink(2). The caller holds the directory's gate.</summary>
    public async ValueTask UnlinkAsync(DirectoryInode parent, string name, CancellationToken cancellation)
    {
        if (await lookup.GetAsync(parent, name, cancellation).ConfigureAwait(false) is not FileInode file)
        {
            throw new FsException(FsError.IsDirectory, $"{mounted.Names.KeyOf(parent, name)} is a directory");
        }
        if (await metadata.IsHiddenAsync(file, cancellation).ConfigureAwait(false))
        {
            throw new FsException(FsError.NotFound, $"there is no {name} in {mounted.Names.KeyOf(parent)}");
        }
        // Nobody needs it any more, and it may take long.
        using (sends.Stop(file))
        {
            await file.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        }
        try
        {
            await SaveForHandlesAsync(file, cancellation).ConfigureAwait(false);
            // What was being sent may have been stored all the same.
            await storer.AdoptAsync(file, cancellation).ConfigureAwait(false);
            if (file.Stored is { } stored)
            {
                await KeepDirectoryAsync(parent, file, cancellation).ConfigureAwait(false);
                await RemoveAsync(mounted.Names.KeyOf(file), stored.ETag, cancellation).ConfigureAwait(false);
            }
            Forget(file);
        }
        finally
        {
            file.Gate.Release();
        }
        creation.TouchDirectory(parent);
    }

    /// <summary>rmdir(2). The caller holds the parent's gate.</summary>
    public async ValueTask RemoveDirectoryAsync(DirectoryInode parent, string name, CancellationToken cancellation)
    {
        if (await lookup.GetAsync(parent, name, cancellation).ConfigureAwait(false) is not DirectoryInode directory)
        {
            throw new FsException(FsError.NotDirectory, $"{mounted.Names.KeyOf(parent, name)} is not a directory");
        }
        await directory.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await EnsureEmptyAsync(directory, cancellation).ConfigureAwait(false);
            await KeepDirectoryAsync(parent, directory, cancellation).ConfigureAwait(false);
            await RemoveAsync(mounted.Names.KeyOf(directory), directory.MarkerETag, cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Detach(directory);
            }
        }
        finally
        {
            directory.Gate.Release();
        }
        creation.TouchDirectory(parent);
    }

    /// <summary>Throws <see cref="FsError.NotEmpty"/> if there is anything in it, keys that no file system can show included.</summary>
    public async ValueTask EnsureEmptyAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        var prefix = mounted.Names.KeyOf(directory);
        var page = await mounted.Store.ListFirstAsync(prefix, null, 2, cancellation).ConfigureAwait(false);
        bool hasUnsaved;
        lock (mounted.Names.Sync)
        {
            hasUnsaved = directory.Children.Values.Any(child => child is FileInode { Stored: null });
        }
        if (hasUnsaved || page.Objects.Any(o => o.Key != prefix))
        {
            throw new FsException(FsError.NotEmpty, $"{prefix} is not empty");
        }
    }

    /// <summary>
    /// A directory without a marker is there only by what is in it. Before the last of that goes, it gets one, or it would vanish too.
    /// </summary>
    public async ValueTask KeepDirectoryAsync(DirectoryInode directory, Inode going, CancellationToken cancellation)
    {
        if (directory.Parent is null || Stays(directory, going, child => mounted.IsWithin(child.ConfirmedAt, mounted.Options.AttributesValid)))
        {
            return;
        }
        // The marker, what is going, and one more.
        await lister.PeekAsync(directory, 3, cancellation).ConfigureAwait(false);
        if (Stays(directory, going, _ => true))
        {
            return;
        }
        await metadata.EnsureAsync(directory, withContent: false, cancellation).ConfigureAwait(false);
        await markers.PutAsync(directory, WriteCondition.None, cancellation).ConfigureAwait(false);
    }

    /// <summary>It has a marker, or something else of it is stored that counts.</summary>
    private bool Stays(DirectoryInode directory, Inode going, Func<Inode, bool> counts)
    {
        lock (mounted.Names.Sync)
        {
            return directory.HasMarker == true
                || directory.Children.Values.Any(child => !ReferenceEquals(child, going) && child is not FileInode { Stored: null } && counts(child));
        }
    }

    /// <summary>
    /// Takes all of a file's content into the staging area while handles are open on it that can read: its object is about to go, and they must go on reading.
    /// By a caller who holds the file's gate.
    /// </summary>
    public async ValueTask SaveForHandlesAsync(FileInode file, CancellationToken cancellation)
    {
        if (file.Readers == 0 || file.IsUnreadable)
        {
            return;
        }
        await storer.EndStreamAsync(file, cancellation).ConfigureAwait(false);
        if (Versions.ContentOf(mounted, file) is not { } content)
        {
            return;
        }
        var staged = file.Staged ?? new StagedContent(mounted.Staging, content);
        if (staged.Stored is not null)
        {
            using var held = new WritersHeld(file);
            var block = mounted.Pool.Rent(Block.Size);
            try
            {
                for (long offset = 0; offset < content.Size; offset += Block.Size)
                {
                    var end = Math.Min(offset + Block.Size, content.Size);
                    if (!staged.NeedsStored(offset, end))
                    {
                        continue;
                    }
                    if (!staged.IsUntouched(offset, end))
                    {
                        // Partly written: composed by a read, then written back whole.
                        await RewriteAsync(staged, offset, Math.Min(end, staged.Size), cancellation).ConfigureAwait(false);
                        continue;
                    }
                    var memory = block.Buffer.Slice(0, (int)(end - offset));
                    await content.CopyToAsync(offset, memory, Math.Min(content.Size, end + mounted.Cache.ReadAheadLimit), cancellation).ConfigureAwait(false);
                    staged.TryWrite(offset, memory.Span);
                    if (mounted.Staging.IsShort)
                    {
                        await mounted.Staging.MakeRoomAsync(cancellation).ConfigureAwait(false);
                    }
                }
            }
            catch when (!ReferenceEquals(staged, file.Staged))
            {
                staged.Dispose();
                throw;
            }
            finally
            {
                block.Release();
            }
        }
        lock (file.Sync)
        {
            file.Staged = staged;
        }
    }

    /// <summary>A removed file's memory goes when the last handle does.</summary>
    public void Forget(FileInode file)
    {
        lock (mounted.Names.Sync)
        {
            mounted.Names.Detach(file);
            file.ForgetSave();
            lock (file.Sync)
            {
                var size = file.Size;
                file.Stored = null;
                file.ForgetAttempts();
                // Those who have it open go on seeing what they changed.
                file.Attributes = file.Attributes.Current is { } current ? InodeAttributes.Of(current) : file.Attributes;
                if (file.Handles == 0)
                {
                    file.Staged?.Dispose();
                    file.Staged = null;
                    file.WrittenAt = null;
                    file.Content?.Dispose();
                    file.Content = null;
                }
                else if (file.Readers == 0)
                {
                    GiveUpContent(file, size);
                }
            }
        }
    }

    /// <summary>Those who can only write go on with a file of the same size. Under <see cref="Inode.Sync"/>.</summary>
    private void GiveUpContent(FileInode file, long size)
    {
        file.Staged?.Dispose();
        file.Staged = new StagedContent(mounted.Staging, null);
        file.Staged.TrySetSize(size);
        file.Content?.Dispose();
        file.Content = null;
        file.IsGivenUp = true;
    }

    /// <summary>Removes the object. If no reply comes, the store is asked: a removal that was carried out has not failed.</summary>
    private async ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation)
    {
        try
        {
            await mounted.Store.RemoveAsync(key, seen, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (Unanswered.IsUnanswered(e))
        {
            if (seen is not null)
            {
                mounted.Unanswered.AddRemoval(key, seen);
            }
            if (!await IsGoneAsync(key, cancellation).ConfigureAwait(false))
            {
                throw;
            }
        }
    }

    /// <returns>False also if the store cannot be asked.</returns>
    private async ValueTask<bool> IsGoneAsync(string key, CancellationToken cancellation)
    {
        try
        {
            await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            return false;
        }
        catch (FsException e)
        {
            return e.Reason == FsError.NotFound;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async ValueTask RewriteAsync(StagedContent staged, long offset, long end, CancellationToken cancellation)
    {
        if (offset >= end)
        {
            return;
        }
        var segments = new ReadSegments();
        try
        {
            await staged.TryReadAsync(offset, (int)(end - offset), 0, segments, cancellation).ConfigureAwait(false);
            for (var i = 0; i < segments.Count; i++)
            {
                while (!staged.TryWrite(offset, segments[i].Span))
                {
                    await staged.LoadAsync(offset, segments[i].Length, cancellation).ConfigureAwait(false);
                }
                offset += segments[i].Length;
            }
        }
        finally
        {
            segments.Release();
        }
    }
}
