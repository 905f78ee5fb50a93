using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Stores the marker objects of directories, which carry their attributes. Thread-safe.</summary>
internal sealed class DirectoryMarkers(Mounted mounted)
{
    /// <summary>Stores changed attributes of a directory, unless another writer has removed it or changed them. By a caller who holds its gate.</summary>
    public async ValueTask UpdateAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        if (directory.Parent is null)
        {
            await PutAsync(directory, WriteCondition.None, cancellation).ConfigureAwait(false);
            return;
        }
        try
        {
            if (directory.MarkerETag is { } known)
            {
                await PutAsync(directory, WriteCondition.Match(known), cancellation).ConfigureAwait(false);
                return;
            }
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale or FsError.Conflict)
        {
            // Another writer's marker, or none.
        }
        var key = mounted.Names.KeyOf(directory);
        var below = (await mounted.Store.ListFirstAsync(key, null, 1, cancellation).ConfigureAwait(false)).Objects;
        if (below.Count == 0 || below[0].Key.Length == key.Length && directory.MarkerETag is not null)
        {
            Abandon(directory, isGone: below.Count == 0);
            return;
        }
        // Where there is no marker, there was none, or a program has removed it without meaning the directory.
        var condition = below[0].Key.Length > key.Length ? WriteCondition.Absent : WriteCondition.Match(below[0].ETag);
        try
        {
            await PutAsync(directory, condition, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Exists)
        {
            Abandon(directory, isGone: false);
        }
    }

    /// <summary>PUTs the marker object of a directory with its attributes. By a caller who holds its gate, or who alone knows the directory.</summary>
    public async ValueTask PutAsync(DirectoryInode directory, WriteCondition condition, CancellationToken cancellation)
    {
        SentAttributes sent;
        lock (directory.Sync)
        {
            sent = new SentAttributes(directory.Metadata!, directory.Attributes.Patch);
            directory.AreAttributesInFlight = true;
        }
        try
        {
            var written = await mounted.Store.PutAsync(
                mounted.Names.KeyOf(directory), ObjectContent.Of(default), sent.Metadata.ToObjectMetadata(), condition, cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Touch(directory);
                lock (directory.Sync)
                {
                    directory.HasMarker = true;
                    directory.MarkerModified = written.LastModified;
                    directory.MarkerETag = written.ETag;
                    directory.MetadataAt = mounted.Clock.GetTimestamp();
                    directory.Attributes = directory.Attributes.AfterStoring(sent);
                }
            }
            directory.ForgetSave();
        }
        finally
        {
            lock (directory.Sync)
            {
                directory.AreAttributesInFlight = false;
            }
        }
    }

    /// <summary>Gives up changed attributes of a directory.</summary>
    private void Abandon(DirectoryInode directory, bool isGone)
    {
        lock (mounted.Names.Sync)
        {
            lock (directory.Sync)
            {
                directory.Attributes = directory.Attributes.WithoutPatch();
                directory.MarkerETag = null;
                directory.MetadataAt = 0;
            }
            if (isGone && !directory.IsDetached && !directory.Children.Values.Any(child => child is FileInode { HoldsUnsaved: true }))
            {
                mounted.Names.Detach(directory);
                mounted.Invalidation?.InvalidateEntry(directory.Parent!.Number, FileName.ToName(directory.Name)!);
            }
        }
        directory.ForgetSave();
    }
}
