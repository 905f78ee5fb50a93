using SseCFs.Content;
using SseCFs.Keys;
using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>Makes files, directories, symbolic links and special nodes. Thread-safe.</summary>
internal sealed class Creation(Mounted mounted, Lookup lookup, MetadataReader metadata, DirectoryMarkers markers, ChangeQueue queue)
{
    /// <summary>
    /// A new regular file, staged empty: it is in the store when it is closed. The caller holds the directory's gate.
    /// </summary>
    public async ValueTask<FileInode> MakeFileAsync(DirectoryInode parent, string name, uint mode, Caller caller, CancellationToken cancellation)
    {
        mounted.Names.KeyOf(parent, name);
        var file = mounted.Names.NewFile();
        file.Attributes = InodeAttributes.Of(await NewMetadataAsync(parent, FileType.Regular | mode & FileType.PermissionMask, caller, cancellation).ConfigureAwait(false));
        file.Staged = new StagedContent(mounted.Staging, null);
        Attach(parent, name, file);
        return file;
    }

    /// <summary>
    /// A new regular file that is in the store at once, empty: whoever asks for a name that nobody has yet must be the only one to get it, on any machine. Where the
    /// service ignores the condition, a small window stays. The caller holds the directory's gate.
    /// </summary>
    /// <exception cref="FsException"><see cref="FsError.Exists"/>: somebody else has it.</exception>
    public async ValueTask<FileInode> ClaimFileAsync(DirectoryInode parent, string name, uint mode, Caller caller, CancellationToken cancellation)
    {
        try
        {
            var file = await MakeNodeAsync(parent, name, FileType.Regular | mode & FileType.PermissionMask, device: 0, caller, cancellation).ConfigureAwait(false);
            file.IsClaim = true;
            return file;
        }
        catch (FsException e) when (e.Reason == FsError.Exists)
        {
            lock (mounted.Names.Sync)
            {
                parent.ListedAt = null;
            }
            throw;
        }
    }

    /// <summary>A node of any type but directory and link, in the store at once. The caller holds the directory's gate.</summary>
    public ValueTask<FileInode> MakeNodeAsync(DirectoryInode parent, string name, uint mode, uint device, Caller caller, CancellationToken cancellation) =>
        MakeCompleteAsync(parent, name, mode, device, default, caller, cancellation);

    /// <summary>A symbolic link, in the store at once; its content is the target. The caller holds the directory's gate.</summary>
    public ValueTask<FileInode> MakeSymbolicLinkAsync(DirectoryInode parent, string name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellation) =>
        MakeCompleteAsync(parent, name, FileType.SymbolicLink | 0x1FF, device: 0, target, caller, cancellation);

    private async ValueTask<FileInode> MakeCompleteAsync(
        DirectoryInode parent, string name, uint mode, uint device, ReadOnlyMemory<byte> content, Caller caller, CancellationToken cancellation)
    {
        var key = mounted.Names.KeyOf(parent, name);
        var made = await NewMetadataAsync(parent, mode, caller, cancellation).ConfigureAwait(false) with { Device = device };
        var file = mounted.Names.NewFile();
        var written = await mounted.Upload.PutAsync(
            key, content.Length == 0 ? [] : [content], _ => made.ToObjectMetadata(), WriteCondition.Absent, cancellation).ConfigureAwait(false);
        file.Attributes = InodeAttributes.Of(made);
        file.Stored = new StoredVersion(written.ETag, content.Length, written.LastModified, Encryption.CustomerKey, IsOwnWrite: true);
        Attach(parent, name, file);
        return file;
    }

    /// <summary>A directory, by its marker object. The caller holds the parent's gate.</summary>
    public async ValueTask<DirectoryInode> MakeDirectoryAsync(DirectoryInode parent, string name, uint mode, Caller caller, CancellationToken cancellation)
    {
        mounted.Names.KeyOf(parent, name + "/");
        var directory = mounted.Names.NewDirectory();
        directory.Attributes = InodeAttributes.Of(
            await NewMetadataAsync(parent, FileType.Directory | mode & FileType.PermissionMask, caller, cancellation).ConfigureAwait(false));
        // Known by its key before it can be found by its name.
        directory.Parent = parent;
        directory.Name = name;
        await markers.PutAsync(directory, WriteCondition.Absent, cancellation).ConfigureAwait(false);
        directory.ListedAt = mounted.Clock.GetTimestamp();
        directory.Pages = 1;
        Attach(parent, name, directory);
        return directory;
    }

    /// <summary>Throws <see cref="FsError.Exists"/> if the name is taken.</summary>
    public async ValueTask EnsureAbsentAsync(DirectoryInode parent, string name, Caller caller, CancellationToken cancellation)
    {
        if (await lookup.FindNowAsync(parent, name, caller.Thread, cancellation).ConfigureAwait(false) is not null)
        {
            throw new FsException(FsError.Exists, $"{mounted.Names.KeyOf(parent, name)} exists");
        }
    }

    /// <summary>Something in the directory came or went: its times say so, and its marker will.</summary>
    public void TouchDirectory(DirectoryInode directory)
    {
        var now = mounted.Now();
        lock (directory.Sync)
        {
            if (directory.Attributes is not { Current: not null } known)
            {
                return;
            }
            var touched = new AttributePatch { ModifyTime = now, ChangeTime = now };
            if (directory.HasMarker != true)
            {
                // Remembered for as long as the mount lasts.
                directory.Attributes = known.Stored is { } stored ? known.WithStored(touched.ApplyTo(stored)) : known;
                return;
            }
            try
            {
                directory.Change(touched);
            }
            catch (FsException e) when (e.Reason == FsError.MetadataTooLarge)
            {
                // Others have overfilled its marker: it keeps the times that it has.
                return;
            }
        }
        queue.Add(directory, mounted.Options.DirectoryTimeDelay);
    }

    private void Attach(DirectoryInode parent, string name, Inode inode)
    {
        lock (mounted.Names.Sync)
        {
            mounted.Names.Attach(parent, name, inode);
        }
        TouchDirectory(parent);
    }

    private async ValueTask<PosixMetadata> NewMetadataAsync(DirectoryInode parent, uint mode, Caller caller, CancellationToken cancellation)
    {
        var gid = caller.Gid;
        await metadata.EnsureAsync(parent, withContent: false, cancellation).ConfigureAwait(false);
        lock (parent.Sync)
        {
            // A set-group-id directory hands down its group, and to directories the bit as well (inode_init_owner in Linux).
            if (parent.Metadata is { } known && (known.Mode & FileType.SetGroupId) != 0)
            {
                gid = known.Gid;
                mode |= (mode & FileType.Mask) == FileType.Directory ? FileType.SetGroupId : 0;
            }
        }
        var now = mounted.Now();
        return PosixMetadata.Create(mode, caller.Uid, gid, now) with { CreationTime = mounted.Options.KeepCreationTime ? now : null };
    }
}
