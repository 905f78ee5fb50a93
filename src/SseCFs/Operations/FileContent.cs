using SseCFs.Content;
using SseCFs.Outbox;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>Reads and changes the content of open files: staged data over the cached stored version. Thread-safe.</summary>
internal sealed class FileContent(Mounted mounted, Sends sends, FileStorer storer, ChangeQueue queue, Aging aging)
{
    /// <summary>Cached content is answered at once and without allocation; else the fetch is awaited.</summary>
    public ValueTask ReadAsync(FileHandle opened, long offset, int length, ReadSegments into, CancellationToken cancellation)
    {
        var file = opened.File;
        StagedContent? staged;
        StoredContent? content;
        lock (file.Sync)
        {
            staged = file.Staged;
            content = file.Content;
        }
        if (staged is not null)
        {
            return ReadSlowAsync(opened, offset, length, into, cancellation);
        }
        content ??= Versions.ContentOf(mounted, file);
        if (content is null || offset >= content.Size)
        {
            return ValueTask.CompletedTask;
        }
        var end = Math.Min(offset + length, content.Size);
        if (offset + content.AddCached(offset, length, into) < end)
        {
            into.Release();
            return ReadSlowAsync(opened, offset, length, into, cancellation);
        }
        var fetchTo = opened.ReadAhead.Observe(offset, length, content.Size, isCached: true);
        if (fetchTo > end)
        {
            content.Prefetch(end, fetchTo);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads what is staged or must be fetched; anew if the file's own writer stores it meanwhile, which ends the version that was being read.</summary>
    private async ValueTask ReadSlowAsync(FileHandle opened, long offset, int length, ReadSegments into, CancellationToken cancellation)
    {
        var file = opened.File;
        for (; ; )
        {
            var content = Versions.ContentOf(mounted, file);
            StagedContent? staged;
            lock (file.Sync)
            {
                staged = file.Staged;
            }
            var version = content?.ETag;
            try
            {
                if (staged is not null)
                {
                    if (!await staged.TryReadAsync(offset, length, opened.ReadAhead.Observe(offset, length, staged.Size, isCached: false), into, cancellation).ConfigureAwait(false))
                    {
                        into.Release();
                        await queue.StoreAsync(file, cancellation).ConfigureAwait(false);
                        continue;
                    }
                }
                else if (content is not null)
                {
                    await content.ReadAsync(offset, length, opened.ReadAhead.Observe(offset, length, content.Size, isCached: false), into, cancellation).ConfigureAwait(false);
                }
                if (staged is not { IsDisposed: true })
                {
                    return;
                }
            }
            catch (FsException e) when (e.Reason == FsError.Stale)
            {
                if (!await IsSupersededAsync(file, staged, content, version, cancellation).ConfigureAwait(false)
                    && !await Versions.TryFollowAsync(mounted, file, cancellation).ConfigureAwait(false))
                {
                    throw;
                }
            }
            into.Release();
        }
    }

    /// <summary>
    /// Whether it was this mount that stored another version, which has the bytes: new content, or the same with other metadata. Who is doing so just now is waited for.
    /// </summary>
    private static async ValueTask<bool> IsSupersededAsync(FileInode file, StagedContent? staged, StoredContent? content, string? version, CancellationToken cancellation)
    {
        await file.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        file.Gate.Release();
        lock (file.Sync)
        {
            return !ReferenceEquals(file.Staged, staged) || !ReferenceEquals(file.Content, content) || content?.ETag != version;
        }
    }

    public ValueTask WriteAsync(FileInode file, long offset, ReadOnlyMemory<byte> data, bool append, CancellationToken cancellation)
    {
        if (offset + data.Length > Upload.LargestObject)
        {
            throw new FsException(FsError.FileTooLarge, "a file cannot exceed 5 TiB, the most one object can hold");
        }
        return mounted.Staging.IsShort && !HasRoom(file, append ? file.Size : offset, data.Length)
            ? MakeRoomAndWriteAsync(file, offset, data, append, cancellation)
            : WriteNowAsync(file, offset, data, append, cancellation);
    }

    /// <summary>Room is made before anything is staged: of a write that finds none nothing is kept, or a program that appends it again would have it twice.</summary>
    private async ValueTask MakeRoomAndWriteAsync(FileInode file, long offset, ReadOnlyMemory<byte> data, bool append, CancellationToken cancellation)
    {
        await queue.MakeRoomAsync(() => HasRoom(file, append ? file.Size : offset, data.Length), cancellation).ConfigureAwait(false);
        await WriteNowAsync(file, offset, data, append, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether a file that holds little, or is written over, need not wait for the room that others take.</summary>
    private bool HasRoom(FileInode file, long offset, int length)
    {
        lock (file.Sync)
        {
            return mounted.Staging.HasRoomFor(file.Staged, offset, length);
        }
    }

    private ValueTask WriteNowAsync(FileInode file, long offset, ReadOnlyMemory<byte> data, bool append, CancellationToken cancellation)
    {
        StagedContent? staged;
        lock (file.Sync)
        {
            staged = file.IsUploading ? null : file.Staged;
            if (staged is not null && staged.TryWrite(append ? staged.Size : offset, data.Span))
            {
                MarkWritten(file, append);
            }
            else
            {
                staged = null;
            }
        }
        if (staged is not null)
        {
            storer.Advance(file, staged);
            return ValueTask.CompletedTask;
        }
        return ChangeAsync(file, false, append, anew => anew.TryWrite(append ? anew.Size : offset, data.Span), append ? null : offset, data.Length, cancellation);
    }

    public ValueTask SetSizeAsync(FileInode file, long size, CancellationToken cancellation)
    {
        if (size is < 0 or > Upload.LargestObject)
        {
            throw new FsException(size < 0 ? FsError.InvalidArgument : FsError.FileTooLarge, "a file's size is 0 to 5 TiB");
        }
        return ChangeAsync(file, size == 0, isAppend: false, staged => staged.TrySetSize(size), 0, size, cancellation);
    }

    public ValueTask AllocateAsync(FileInode file, AllocateMode mode, long offset, long length, CancellationToken cancellation)
    {
        if (length > Upload.LargestObject - offset)
        {
            throw new FsException(FsError.FileTooLarge, "a file cannot exceed 5 TiB, the most one object can hold");
        }
        if (mode == AllocateMode.ReserveKeepSize || mode == AllocateMode.Reserve && offset + length <= file.Size)
        {
            return ValueTask.CompletedTask;
        }
        return ChangeAsync(file, false, isAppend: false, staged =>
        {
            var grown = Math.Max(staged.Size, offset + length);
            if (mode == AllocateMode.Reserve)
            {
                return staged.TrySetSize(grown);
            }
            if (!staged.TryZero(offset, length))
            {
                return false;
            }
            return mode != AllocateMode.ZeroRange || staged.TrySetSize(grown);
        }, offset, length, cancellation);
    }

    /// <summary>
    /// Changes staged content, begun over the stored version (or over nothing) if there is none, with uploads kept out. As long as the change cannot be made,
    /// what is spilled of its range is loaded; where some was dropped, the file is stored first.
    /// </summary>
    /// <param name="offset">Null: the end of the file.</param>
    private ValueTask ChangeAsync(FileInode file, bool emptied, bool isAppend, Func<StagedContent, bool> tryChange, long? offset, long length, CancellationToken cancellation) =>
        storer.RepeatAsync(() => ChangeOnceAsync(file, emptied, isAppend, tryChange, offset, length, cancellation), cancellation);

    private async ValueTask ChangeOnceAsync(
        FileInode file, bool emptied, bool isAppend, Func<StagedContent, bool> tryChange, long? offset, long length, CancellationToken cancellation)
    {
        // Of what is being sent nothing is wanted any more if the file is emptied.
        using (emptied ? sends.Stop(file) : null)
        {
            await file.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        }
        try
        {
            for (; ; )
            {
                var content = Versions.ContentOf(mounted, file);
                StagedContent staged;
                lock (file.Sync)
                {
                    if (file.Staged is null)
                    {
                        // Refused now rather than when it is stored.
                        file.Metadata?.EnsureFits(file.Metadata);
                    }
                    staged = file.Staged ??= new StagedContent(mounted.Staging, emptied || content is { Size: 0 } ? null : content);
                    if (tryChange(staged))
                    {
                        MarkWritten(file, isAppend);
                        return;
                    }
                }
                var start = offset ?? staged.Size;
                if (staged.IsDropped(start, length))
                {
                    await storer.StoreHeldAsync(file, cancellation).ConfigureAwait(false);
                }
                else
                {
                    await staged.LoadAsync(start, length, cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            file.Gate.Release();
        }
    }

    private void MarkWritten(FileInode file, bool isAppend)
    {
        aging.NoteWritten(file, isAppend);
        file.WrittenAt = mounted.Now();
        if (file.Attributes.Patch is { ModifyTime: not null })
        {
            file.Attributes = file.Attributes.WithoutTimes();
        }
    }
}
