using System.Buffers.Binary;
using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Brings back what an earlier process left in the journal: files are as unsaved again as they were, and are stored like any other. To be used before programs come.
/// </summary>
internal sealed class Restoring(Mounted mounted, ChangeQueue queue, AbandonedUploads uploads, InterruptedRenames renames)
{
    /// <returns>How many files and directories wait to be stored.</returns>
    public async ValueTask<int> RestoreAsync(CancellationToken cancellation)
    {
        if (mounted.Journal is not { } journal)
        {
            return 0;
        }
        var found = new Dictionary<string, (JournalFolder Folder, string Path, SavedHead Head)>(StringComparer.Ordinal);
        foreach (var folder in journal.Left)
        {
            foreach (var path in folder.Saves)
            {
                // One that an interrupted rename replaced is gone by now.
                if (!File.Exists(path) || Look(folder, path) is not { } head)
                {
                    continue;
                }
                journal.NumberAfter(head.Number);
                head = await renames.FollowAsync(head, cancellation).ConfigureAwait(false);
                if (found.TryGetValue(head.Key, out var other))
                {
                    // Of two files that had the name one after the other, the later one.
                    var isLater = other.Head.Number < head.Number;
                    var (goes, stays) = isLater ? (other.Head, head) : (head, other.Head);
                    await uploads.RemoveSaveAsync(isLater ? other.Path : path, goes, stays, cancellation).ConfigureAwait(false);
                    if (!isLater)
                    {
                        continue;
                    }
                }
                found[head.Key] = (folder, path, head);
            }
        }
        foreach (var (folder, path, head) in found.Values.OrderBy(one => one.Head.Number))
        {
            await RestoreAsync(folder, path, head, cancellation).ConfigureAwait(false);
        }
        return found.Count;
    }

    private SavedHead? Look(JournalFolder folder, string path)
    {
        try
        {
            using var reader = folder.Read(path);
            if (reader is { HasCommit: true })
            {
                if (reader.UncommittedBytes > 0)
                {
                    JournalLog.Torn(mounted.Log, path, reader.UncommittedBytes);
                }
                if (reader.LastHead(JournalJson.Default.SavedHead) is { } head && head.Key.StartsWith(mounted.Options.Prefix, StringComparison.Ordinal))
                {
                    return head;
                }
            }
            else if (reader is null || reader.UncommittedBytes == 0)
            {
                // The first save of it had hardly begun.
                File.Delete(path);
                return null;
            }
            // Either the first save of it was not finished, and nobody relies on it, or it was damaged since: not for us to remove.
            File.Move(path, path + ".damaged", overwrite: true);
            JournalLog.Unreadable(mounted.Log, path + ".damaged", "no save in it is whole");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            JournalLog.Unreadable(mounted.Log, path, e.Message);
        }
        return null;
    }

    private async ValueTask RestoreAsync(JournalFolder folder, string path, SavedHead head, CancellationToken cancellation)
    {
        var formerAttempt = WriteAttempt.TakeFormerId(head.User);
        var segments = head.Key[mounted.Options.Prefix.Length..].Split('/');
        var isDirectory = head.Key.EndsWith('/');
        var entry = JournalEntry.Left(path);
        Inode inode = isDirectory ? DirectoryAt(segments.AsSpan()[..^1]) : mounted.Names.NewFile();
        var info = new ObjectInfo(
            head.Key,
            head.Size,
            head.Replaces?.ETag ?? "",
            head.Replaces?.LastModified ?? mounted.Clock.GetUtcNow(),
            Encryption.CustomerKey,
            new ObjectMetadata(head.User, head.ContentType) { Headers = head.Headers ?? ObjectHeaders.None });
        var metadata = PosixMetadata.Parse(info, isDirectory ? FileType.Directory : FileType.Regular, mounted.Owners);
        if (inode is FileInode file)
        {
            file.WrittenAt = head.AreTimesOfWrite ? metadata.ModifyTime : null;
            file.Stored = head.Replaces is { } replaced
                ? new StoredVersion(replaced.ETag, replaced.Size, replaced.LastModified, replaced.IsPlain ? Encryption.Plain : Encryption.CustomerKey)
                : null;
            if (!head.IsMetadataOnly)
            {
                var staged = await ReadAsync(folder, path, head, cancellation).ConfigureAwait(false);
                if (head.Upload is { } upload)
                {
                    staged.Streamed = mounted.Upload.Resume(head.Key, staged, staged.Stored is null ? null : Versions.InfoOf(file, head.Key), upload);
                }
                entry = JournalEntry.Left(path, head, staged.Stamp);
                entry.Upload = staged.Streamed;
                file.Staged = staged;
                foreach (var earlier in head.EarlierAttempts ?? [])
                {
                    file.Attempts.Add(WriteAttempt.Recorded(earlier.Id, earlier.Sent), stamp: null);
                }
                if ((head.Attempt ?? formerAttempt) is { } id)
                {
                    file.Attempts.Add(WriteAttempt.Recorded(id, new SentContent(head.Size, ETag: null)), staged.Stamp);
                }
            }
        }
        lock (inode.Sync)
        {
            inode.Attributes = InodeAttributes.Of(metadata, head.IsMetadataOnly ? AttributePatch.Between(metadata, metadata) : null);
            inode.Journal = entry;
        }
        if (!isDirectory)
        {
            var parent = DirectoryAt(segments.AsSpan()[..^1]);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Attach(parent, segments[^1], inode);
            }
        }
        JournalLog.Restored(mounted.Log, head.Key);
        queue.Add(inode, TimeSpan.Zero);
    }

    private async ValueTask<StagedContent> ReadAsync(JournalFolder folder, string path, SavedHead head, CancellationToken cancellation)
    {
        var stored = head is { StoredEnd: > 0, Replaces: { } replaced } ? new StoredContent(mounted.Store, mounted.Cache, head.Key, replaced.ETag, replaced.Size) : null;
        var staged = new StagedContent(mounted.Staging, stored);
        if (stored is not null)
        {
            staged.TrySetSize(head.StoredEnd);
        }
        staged.TrySetSize(head.Size);
        using var reader = folder.Read(path)!;
        while (reader.TryRead(out var type, out var payload))
        {
            if (type is not (JournalRecord.Data or JournalRecord.Zeros))
            {
                continue;
            }
            var offset = BinaryPrimitives.ReadInt64LittleEndian(payload.Span);
            var rest = payload[8..];
            var length = type == JournalRecord.Data ? rest.Length : BinaryPrimitives.ReadInt64LittleEndian(rest.Span);
            while (!(type == JournalRecord.Data ? staged.TryWrite(offset, rest.Span) : staged.TryZero(offset, length)))
            {
                await staged.LoadAsync(offset, length, cancellation).ConfigureAwait(false);
            }
            // What was restored before it can be stored already.
            await queue.MakeRoomAsync(isEnough: () => false, cancellation).ConfigureAwait(false);
        }
        return staged;
    }

    private DirectoryInode DirectoryAt(ReadOnlySpan<string> segments)
    {
        lock (mounted.Names.Sync)
        {
            var directory = mounted.Names.Root;
            foreach (var segment in segments)
            {
                if (!directory.Children.TryGetValue(segment, out var child) || child is not DirectoryInode below)
                {
                    below = mounted.Names.NewDirectory();
                    mounted.Names.Attach(directory, segment, below);
                }
                directory = below;
            }
            return directory;
        }
    }
}
