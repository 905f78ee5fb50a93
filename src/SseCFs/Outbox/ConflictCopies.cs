using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Keeps both versions where another writer's stands in the place of ours: one of them under a <see cref="ConflictKey"/>. Thread-safe.</summary>
internal sealed class ConflictCopies(Mounted mounted)
{
    private const int MostAtOnce = 100;

    /// <summary>Stores what was written here beside the other writer's version, which the file shows from now on. By a caller who holds the file's gate.</summary>
    public async ValueTask KeepOursAsync(FileInode file, StagedContent staged, string key, CancellationToken cancellation)
    {
        string conflictKey;
        try
        {
            conflictKey = await StoreAsync(key, SendAsync).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            var lost = staged.DropStored();
            conflictKey = await StoreAsync(key, SendAsync).ConfigureAwait(false);
            TreeLog.ConflictIncomplete(mounted.Log, conflictKey, lost);
        }
        ObjectInfo? theirs = null;
        try
        {
            theirs = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            // They removed it, or it is nothing that this file could show: whoever looks next finds what is there.
        }
        TreeLog.ConflictKept(mounted.Log, key, conflictKey);
        mounted.Activity.Add(new Conflict(mounted.Clock.GetUtcNow(), key, conflictKey, IsOurs: true));
        lock (mounted.Names.Sync)
        {
            mounted.Names.Touch(file);
            lock (file.Sync)
            {
                file.Staged = null;
                file.WrittenAt = null;
                file.Attributes = file.Attributes.WithoutPatch();
                file.ForgetAttempts();
                if (theirs is not null)
                {
                    Versions.Replace(mounted, file, new StoredVersion(theirs.ETag, theirs.Size, theirs.LastModified, theirs.Encryption));
                    Versions.Apply(mounted, file, theirs);
                }
            }
            ForgetListing(file, conflictKey);
            if (theirs is null)
            {
                mounted.Names.Detach(file);
                lock (file.Sync)
                {
                    // Not removed by a program here: what another handle writes now is stored, and as a conflict, since no version has this ETag.
                    file.Stored ??= new StoredVersion("none", 0, mounted.Clock.GetUtcNow(), Encryption.CustomerKey);
                }
            }
        }
        staged.Dispose();
        file.ForgetSave();

        ValueTask<WrittenObject> SendAsync(string name) => mounted.Upload.SendAsync(
            name, staged, null, new AttributesToSend(file, WriteAttempt.New()).Take, WriteCondition.Absent, cancellation);
    }

    /// <summary>Copies the other writer's version aside: some of ours is in an upload for this name, and nowhere else.</summary>
    /// <returns>What ours may replace then.</returns>
    public async ValueTask<WriteCondition> KeepTheirsAsync(FileInode file, string key, CancellationToken cancellation)
    {
        try
        {
            var theirs = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            var conflictKey = await StoreAsync(key, name => mounted.Store.CopyAsync(theirs, name, theirs.Metadata, WriteCondition.Absent, cancellation)).ConfigureAwait(false);
            TreeLog.ConflictTheirsKept(mounted.Log, key, conflictKey);
            mounted.Activity.Add(new Conflict(mounted.Clock.GetUtcNow(), key, conflictKey, IsOurs: false));
            ForgetListing(file, conflictKey);
            return WriteCondition.Match(theirs.ETag);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            // They removed it.
            return WriteCondition.Absent;
        }
    }

    private async ValueTask<string> StoreAsync(string key, Func<string, ValueTask<WrittenObject>> store)
    {
        var time = mounted.Clock.GetUtcNow();
        for (var number = 1; ; number++)
        {
            var conflictKey = ConflictKey.Of(key, Environment.MachineName, time, number);
            try
            {
                await store(conflictKey).ConfigureAwait(false);
                return conflictKey;
            }
            catch (FsException e) when (e.Reason == FsError.Exists && number < MostAtOnce)
            {
                // Another conflict in the same millisecond.
            }
        }
    }

    /// <summary>A name was added beside the file, or above it.</summary>
    private void ForgetListing(FileInode file, string conflictKey)
    {
        lock (mounted.Names.Sync)
        {
            var directory = file.Parent;
            while (directory is not null && !conflictKey.StartsWith(mounted.Names.KeyOf(directory), StringComparison.Ordinal))
            {
                directory = directory.Parent;
            }
            directory?.ListedAt = null;
        }
    }
}
