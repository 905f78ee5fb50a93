using SseCFs.Content;
using SseCFs.Keys;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>How a file goes from one stored version to the next. Under the file's <see cref="Inode.Sync"/> unless said otherwise.</summary>
internal static class Versions
{
    /// <summary>
    /// Another writer's version has come: what is known and cached of the old one is dropped, in the kernel too. Attributes that wait to be stored are kept: they become those of
    /// the new one.
    /// </summary>
    public static void Replace(Mounted mounted, FileInode file, StoredVersion version)
    {
        file.Stored = version;
        file.IsClaim = false;
        file.Attributes = file.Attributes.Outdated();
        file.Loading = null;
        file.IsUnreadable = false;
        file.Content?.Dispose();
        file.Content = null;
        file.Generation++;
        mounted.Invalidation?.InvalidateContent(file.Number, isOpen: file.Handles > 0);
    }

    /// <summary>
    /// The version that is known here was encrypted anew, with another key: its bytes and attributes are the same, and what is cached, open or changed here stays good.
    /// </summary>
    /// <returns>False: it is another version altogether, or the same one still.</returns>
    public static bool TryFollow(FileInode file, ObjectInfo info)
    {
        if (file.Stored is not { } known || info.FormerETag != known.ETag || info.Size != known.Size)
        {
            return false;
        }
        Moved(file, info.Key, new WrittenObject(info.ETag, info.LastModified));
        return true;
    }

    /// <summary>The same, for a caller whose request was refused because the version in the store is another one.</summary>
    public static async ValueTask<bool> TryFollowAsync(Mounted mounted, FileInode file, CancellationToken cancellation)
    {
        if (file.Stored is null)
        {
            return false;
        }
        try
        {
            var info = await mounted.Store.HeadAsync(mounted.Names.KeyOf(file), cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                lock (file.Sync)
                {
                    return TryFollow(file, info);
                }
            }
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            return false;
        }
    }

    /// <summary>What a HEAD or GET told. Unsaved changes of our own stay as they are.</summary>
    public static void Apply(Mounted mounted, FileInode file, ObjectInfo info)
    {
        if (!TryFollow(file, info) && file.Stored is { } known && (known.ETag != info.ETag || known.Size != info.Size))
        {
            Replace(mounted, file, known);
        }
        file.Stored = new StoredVersion(info.ETag, info.Size, info.LastModified, info.Encryption);
        file.IsUnreadable = false;
        file.Attributes = file.Attributes.WithStored(PosixMetadata.Parse(info, FileType.Regular, mounted.Owners));
    }

    /// <summary>Whether the name leads to a node of another type now, which is another inode to every kernel.</summary>
    public static bool IsOtherType(Mounted mounted, FileInode file, ObjectInfo info) =>
        file.Attributes.Stored is { } known && ((PosixMetadata.Parse(info, FileType.Regular, mounted.Owners).Mode ^ known.Mode) & FileType.Mask) != 0;

    /// <summary>The same bytes now stand at another key or under another ETag.</summary>
    public static void Moved(FileInode file, string key, WrittenObject written)
    {
        file.Stored = new StoredVersion(written.ETag, file.Stored!.Size, written.LastModified, Encryption.CustomerKey, IsOwnWrite: true);
        file.Content?.MoveTo(key, written.ETag);
    }

    /// <summary>What was written here is stored, and nothing of it is unsaved any more. Takes the locks that it needs.</summary>
    /// <param name="size">Bytes of the version.</param>
    /// <param name="attributes">What is known of its attributes; called under <see cref="Inode.Sync"/>.</param>
    public static void Settle(Mounted mounted, FileInode file, StagedContent? staged, long size, string key, WrittenObject written, Func<InodeAttributes> attributes)
    {
        var content = new StoredContent(mounted.Store, mounted.Cache, key, written.ETag, size);
        staged?.Seed(content);
        lock (mounted.Names.Sync)
        {
            mounted.Names.Touch(file);
            lock (file.Sync)
            {
                file.Attributes = attributes();
                file.WrittenAt = null;
                file.UnsavedSince = null;
                file.Stored = new StoredVersion(written.ETag, size, written.LastModified, Encryption.CustomerKey, IsOwnWrite: true);
                file.IsClaim = false;
                file.Content?.Dispose();
                file.Content = content;
                file.Staged = null;
                file.ForgetAttempts();
            }
        }
        staged?.Dispose();
        file.ForgetSave();
    }

    /// <summary>The stored version's content, for reading; null if nothing is stored. Not to be called under <see cref="Inode.Sync"/>.</summary>
    public static StoredContent? ContentOf(Mounted mounted, FileInode file)
    {
        lock (mounted.Names.Sync)
        {
            lock (file.Sync)
            {
                if (file.Content is null && file.Stored is { } stored)
                {
                    file.Content = new StoredContent(mounted.Store, mounted.Cache, mounted.Names.KeyOf(file), stored.ETag, stored.Size);
                }
                return file.Content;
            }
        }
    }

    /// <summary>The stored version in the store's words, for copies. Metadata of it is not given: a copy gets its own.</summary>
    public static ObjectInfo InfoOf(FileInode file, string key) => new(
        key, file.Stored!.Size, file.Stored.ETag, file.Stored.LastModified, file.Stored.Encryption, new ObjectMetadata(new Dictionary<string, string>(), null));
}
