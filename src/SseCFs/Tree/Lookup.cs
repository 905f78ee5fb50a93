namespace SseCFs.Tree;

/// <summary>Finds names: in what is known and recent enough, else by asking the store for that name alone. Thread-safe.</summary>
internal sealed class Lookup(Mounted mounted, DirectoryLister lister, MetadataReader metadata, LookAhead ahead, SeriesDetector series, Eviction eviction)
{
    /// <summary>A directory of more pages is not listed again soon for a name in another case.</summary>
    private const int MostPages = 10;

    /// <summary>A directory of more entries is not listed again to find that a name is still missing in any case.</summary>
    private const int MostEntries = 200;

    /// <summary>So soon after an answer comes the next request of the same system call, which is to find what the one before has found.</summary>
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    /// <summary>The age of a listing of many pages in which a name is still looked for in another case.</summary>
    private static readonly TimeSpan OtherCaseValid = TimeSpan.FromMinutes(1);

    /// <summary>An open so soon after a look-up by the same thread is the second half of one open(2).</summary>
    private static readonly TimeSpan OneOpenCall = TimeSpan.FromMilliseconds(10);

    private readonly Namespace _names = mounted.Names;
    private readonly NameQuery _query = new(mounted);
    private readonly Misses _misses = new(mounted);

    /// <summary>Finds the inode of a name, in memory if the name was confirmed recently; null if there is none.</summary>
    /// <param name="name">A segment, as <see cref="FileName.ToSegment"/> makes it.</param>
    public ValueTask<Inode?> FindAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        Inode? child;
        lock (_names.Sync)
        {
            if (directory.Children.TryGetValue(name, out child) ? IsRecent(child) : lister.IsFresh(directory, Instant))
            {
                return ValueTask.FromResult(child);
            }
        }
        return AskAsync(directory, name, child, default, cancellation);
    }

    /// <summary>
    /// Finds the inode of a name as the store has it now, for an operation that takes the name or fails because it is taken. A miss that the look-up of the same system call
    /// has just seen is not asked for again.
    /// </summary>
    /// <param name="thread">Of the caller; null if it is not known.</param>
    public ValueTask<Inode?> FindNowAsync(DirectoryInode directory, string name, uint? thread, CancellationToken cancellation) =>
        FindToTakeAsync(directory, name, thread, isRecentEnough: false, cancellation);

    /// <summary>The same for a request whose precondition fails if a recently confirmed name is not what is known of it any more.</summary>
    public ValueTask<Inode?> FindToReplaceAsync(DirectoryInode directory, string name, CancellationToken cancellation) =>
        FindToTakeAsync(directory, name, thread: null, isRecentEnough: true, cancellation);

    private ValueTask<Inode?> FindToTakeAsync(DirectoryInode directory, string name, uint? thread, bool isRecentEnough, CancellationToken cancellation)
    {
        Inode? child;
        lock (_names.Sync)
        {
            if (directory.Children.TryGetValue(name, out child)
                ? child is FileInode { HoldsUnsaved: true } || isRecentEnough && IsRecent(child)
                : _misses.TryTake(directory, name, thread) || lister.IsFresh(directory, Instant))
            {
                return ValueTask.FromResult(child);
            }
        }
        return AskAsync(directory, name, child, default, cancellation);
    }

    /// <summary>
    /// The inode of a name whose content is to be stored under another one from memory, by a request that does not tell whether the name still leads to it. What was confirmed
    /// or stored a moment ago is not asked for again: no other machine moves or removes a name in that time.
    /// </summary>
    public async ValueTask<Inode> GetToResendAsync(DirectoryInode directory, string name, Inode known, CancellationToken cancellation) =>
        mounted.IsWithin(known.ConfirmedAt, OneOpenCall) ? known : await GetNowAsync(directory, name, cancellation).ConfigureAwait(false);

    /// <summary>Segments of names that are equal but for the case of letters, in their order.</summary>
    public async ValueTask<IReadOnlyList<string>> FindAnyCaseAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        TimeSpan within;
        bool isLarge;
        lock (_names.Sync)
        {
            isLarge = directory.Children.Count > MostEntries;
            within = directory.Pages > MostPages ? OtherCaseValid
                : isLarge || directory.AnyCase.Find(name).Count > 0 ? mounted.Options.AttributesValid
                : Instant;
        }
        _names.BeginReading(directory);
        try
        {
            await lister.RefreshAsync(directory, DirectoryLister.AllPages, within, cancellation).ConfigureAwait(false);
            if (Known() is { Count: > 0 } known)
            {
                return known;
            }
            if (isLarge)
            {
                await FindAsync(directory, name, cancellation).ConfigureAwait(false);
            }
            return Known();
        }
        finally
        {
            _names.EndReading(directory);
        }

        IReadOnlyList<string> Known()
        {
            lock (_names.Sync)
            {
                return [.. directory.AnyCase.Find(name)];
            }
        }
    }

    /// <summary>The inode of a name, or <see cref="FsError.NotFound"/>; see <see cref="FindAsync"/>.</summary>
    public async ValueTask<Inode> GetAsync(DirectoryInode directory, string name, CancellationToken cancellation) =>
        await FindAsync(directory, name, cancellation).ConfigureAwait(false) ?? throw Missing(directory, name);

    /// <summary>The same as the store has it now; see <see cref="FindNowAsync"/>.</summary>
    public async ValueTask<Inode> GetNowAsync(DirectoryInode directory, string name, CancellationToken cancellation) =>
        await FindNowAsync(directory, name, thread: null, cancellation).ConfigureAwait(false) ?? throw Missing(directory, name);

    /// <summary>lookup: the inode of a name with its metadata, or <see cref="FsError.NotFound"/>.</summary>
    /// <param name="isToOpen">It may be opened next: the start of the content may come along.</param>
    public async ValueTask<Inode> LookUpAsync(DirectoryInode directory, string name, Caller caller, bool isToOpen, CancellationToken cancellation)
    {
        for (var isAgain = false; ; isAgain = true)
        {
            var (child, isBelieved, count) = await RecallAsync(directory, name, caller, cancellation).ConfigureAwait(false);
            var use = new Use(caller, isToOpen, isToOpen && count < LookAhead.Starting);
            if (!isBelieved)
            {
                var isNew = child is null;
                child = await AskAsync(directory, name, child, use, cancellation).ConfigureAwait(false);
                NoteAsked(directory, name, child, isNew, caller);
            }
            if (child is null)
            {
                throw Missing(directory, name);
            }
            try
            {
                await LoadAsync(child, use, cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason == FsError.NotFound && !isAgain)
            {
                // Gone since it was listed; another may have the name now.
                continue;
            }
            ahead.NoteAnswered(directory);
            if (child is not FileInode { IsDetached: true })
            {
                return child;
            }
            // It proved to be another file, and the name leads to that now.
        }
    }

    /// <summary>
    /// Checks a closed file before its attributes are told to a caller that keeps them. While they are valid such a caller asks only after a write of its own, and a program that
    /// asks for this file alone may want to know whether it still exists. A file asked for after others is one that a program looks through: a recent answer is enough.
    /// </summary>
    /// <exception cref="FsException">Stale: the name leads to another inode now, or to none.</exception>
    public async ValueTask ConfirmAttributesAsync(Inode inode, CancellationToken cancellation)
    {
        if (inode is not FileInode { IsTold: true, Handles: 0, HoldsUnsaved: false, AreAttributesInFlight: false, IsDetached: false } file || !metadata.IsKnown(file))
        {
            return;
        }
        lock (_names.Sync)
        {
            if (mounted.IsWithin(file.ConfirmedAt, ahead.Note(file.Parent!, file, isAsking: true) > 1 ? mounted.Options.AttributesValid : Instant))
            {
                return;
            }
        }
        try
        {
            await metadata.RevalidateAsync(file, withContent: false, cancellation).ConfigureAwait(false);
            lock (_names.Sync)
            {
                file.IsTold = true;
            }
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.AccessDenied)
        {
            // S3 answers 403 for a missing object where the policy does not allow listing the whole bucket: the look-up that follows tells.
            throw new FsException(FsError.Stale, e.Message, e);
        }
    }

    /// <summary>The attributes of an inode, as far as they are known.</summary>
    public Attributes AttributesOf(Inode inode)
    {
        lock (inode.Sync)
        {
            if (inode is FileInode { IsUnreadable: true } || inode.Metadata is not { } known)
            {
                // Of a file that our keys do not open, name and size are all there is to show, and nobody may open it.
                var (mode, shown, time) = inode is FileInode unreadable
                    ? (FileType.Regular, unreadable.Size, unreadable.Stored?.LastModified ?? default)
                    : (FileType.Directory | mounted.Owners.DirectoryMode, 0, ((DirectoryInode)inode).MarkerModified);
                var modified = Timestamp.From(time);
                return new Attributes(inode.Number, mode, mounted.Owners.Uid, mounted.Owners.Gid, shown, 1, modified, modified, modified) { CreationTime = modified };
            }
            var (size, links) = inode is FileInode file ? (file.Size, file.IsDetached && file.Stored is null ? 0u : 1u) : (0, 1u);
            return new Attributes(inode.Number, known.Mode, known.Uid, known.Gid, size, links, known.AccessTime, known.ModifyTime, known.ChangeTime)
            {
                Device = known.Device,
                CreationTime = known.CreationTime ?? (known.ModifyTime < known.ChangeTime ? known.ModifyTime : known.ChangeTime),
            };
        }
    }

    /// <summary>The answer to a lookup of an inode whose metadata is known. Adds one to its lookup count. Null: it was dropped from memory since it was found.</summary>
    public Entry? TryGive(Inode inode, Caller caller)
    {
        if (!_names.TryAddLookup(inode, isTold: caller.KeepsEntries))
        {
            return null;
        }
        eviction.Run();
        return EntryOf(inode);
    }

    /// <summary>The same for an inode that was found or made by a caller who holds its directory's gate.</summary>
    public Entry Give(Inode inode, Caller caller) => TryGive(inode, caller) ?? throw new FsException(FsError.Stale, $"inode {inode.Number} was dropped");

    public Entry EntryOf(Inode inode) => new(AttributesOf(inode), mounted.Options.AttributesValid, mounted.Options.AttributesValid);

    /// <summary>Recalls a name from memory and tells whether that answers the look-up. A run of look-ups may list the directory first.</summary>
    private async ValueTask<(Inode? Child, bool IsBelieved, int Count)> RecallAsync(DirectoryInode directory, string name, Caller caller, CancellationToken cancellation)
    {
        Inode? child;
        bool isBelieved;
        int count, pages;
        var began = mounted.Clock.GetTimestamp();
        lock (_names.Sync)
        {
            series.NoteLookup(directory);
            if (directory.Children.TryGetValue(name, out child))
            {
                count = ahead.Note(directory, child, !IsRecent(child) || !metadata.IsKnown(child));
                isBelieved = IsBelieved(directory, child, caller, count);
                pages = isBelieved || !metadata.IsKnown(child) ? 0 : series.PagesWorthListing(directory);
            }
            else
            {
                count = ahead.CountOf(directory) + 1;
                isBelieved = lister.IsFresh(directory, Instant) || caller.KeepsEntries && _misses.Contains(directory, name, caller.Thread, Instant);
                pages = isBelieved ? 0 : series.PagesWorthListing(directory);
            }
        }
        if (pages > 0)
        {
            await TryRefreshAsync(directory, pages, cancellation).ConfigureAwait(false);
            lock (_names.Sync)
            {
                // A listing that others waited for may have begun before another machine made the name.
                isBelieved = directory.Children.TryGetValue(name, out child) ? IsRecent(child) : directory.ListedAt >= began;
            }
        }
        if (child is not null)
        {
            ahead.Start(directory, child);
        }
        return (child, isBelieved, count);
    }

    /// <summary>Lists a directory for the sake of several names. A refusal is no failure: each name can be asked for alone.</summary>
    private async ValueTask TryRefreshAsync(DirectoryInode directory, int pages, CancellationToken cancellation)
    {
        try
        {
            await lister.RefreshAsync(directory, pages, mounted.Options.AttributesValid, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason is FsError.AccessDenied or FsError.BadReply)
        {
            lock (_names.Sync)
            {
                SeriesDetector.NoteRefused(directory);
            }
        }
    }

    private bool IsRecent(Inode child) => child is FileInode { HoldsUnsaved: true } || mounted.IsWithin(child.ConfirmedAt, mounted.Options.AttributesValid);

    /// <summary>
    /// Whether a recent answer is enough. A caller that keeps entries asks again for a valid one only if it doubts it, because it is about to make the name or to rename to it;
    /// in a run of look-ups or a series of removals it goes through a listing.
    /// </summary>
    private bool IsBelieved(DirectoryInode directory, Inode child, Caller caller, int count) =>
        child is FileInode { HoldsUnsaved: true } || IsRecent(child)
        && (!caller.KeepsEntries || mounted.IsWithin(child.ConfirmedAt, Instant) || !child.IsTold && (count >= SeriesDetector.Noticed || series.IsRemoving(directory)));

    private void NoteAsked(DirectoryInode directory, string name, Inode? child, bool isNew, Caller caller)
    {
        if (child is null)
        {
            _misses.Add(directory, name, caller.Thread);
            return;
        }
        lock (_names.Sync)
        {
            series.NoteFound(directory);
            if (isNew)
            {
                ahead.Note(directory, child, isAsking: true);
            }
        }
    }

    /// <summary>Asks the store for one name.</summary>
    /// <param name="child">The inode that the name is known to lead to.</param>
    private async ValueTask<Inode?> AskAsync(DirectoryInode directory, string name, Inode? child, Use use, CancellationToken cancellation)
    {
        if (child is FileInode file && await IsThereAsync(file, use, cancellation).ConfigureAwait(false) && Current(directory, name) is { } current)
        {
            return current;
        }
        try
        {
            return child is DirectoryInode below && await IsThereAsync(below, cancellation).ConfigureAwait(false) && Current(directory, name) is { } still
                ? still
                : await _query.AskAsync(directory, name, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            // A policy may allow listing certain folders and nothing else (the condition s3:prefix in AWS's examples for home folders).
            await lister.RefreshAsync(directory, DirectoryLister.AllPages, Instant, cancellation).ConfigureAwait(false);
            return Current(directory, name);
        }
    }

    private Inode? Current(DirectoryInode directory, string name)
    {
        lock (_names.Sync)
        {
            return directory.Children.GetValueOrDefault(name);
        }
    }

    /// <returns>False: the store does not say so. True: <see cref="Current"/> tells which inode has the name, since another version may be another inode.</returns>
    private async ValueTask<bool> IsThereAsync(FileInode file, Use use, CancellationToken cancellation)
    {
        try
        {
            if (!metadata.IsKnown(file))
            {
                await LoadAsync(file, use, cancellation).ConfigureAwait(false);
                return true;
            }
            await metadata.RevalidateAsync(file, withContent: false, cancellation).ConfigureAwait(false);
            if (use is { IsToOpen: true, Caller.KeepsEntries: true })
            {
                NoteValidated(file, use.Caller, Instant);
            }
            return true;
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale or FsError.AccessDenied)
        {
            // S3 answers 403 for a missing object where the policy does not allow listing the whole bucket.
            return e.Reason == FsError.Stale;
        }
    }

    private async ValueTask<bool> IsThereAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        if (!metadata.IsKnown(directory))
        {
            // A HEAD of the marker tells that the directory exists, and its attributes.
            var asked = mounted.Clock.GetTimestamp();
            await metadata.EnsureAsync(directory, withContent: false, cancellation).ConfigureAwait(false);
            if (directory.ConfirmedAt >= asked)
            {
                return true;
            }
        }
        return await _query.ConfirmAsync(directory, cancellation).ConfigureAwait(false);
    }

    private async ValueTask LoadAsync(Inode inode, Use use, CancellationToken cancellation)
    {
        if (metadata.IsKnown(inode))
        {
            return;
        }
        // What was asked for ahead may have been answered before another machine closed the file.
        var isAskedNow = inode.Loading is null;
        await metadata.EnsureAsync(inode, use.WithContent, cancellation).ConfigureAwait(false);
        if (isAskedNow && use.IsToOpen && inode is FileInode { IsDetached: false } file)
        {
            NoteValidated(file, use.Caller, OneOpenCall);
        }
    }

    private void NoteValidated(FileInode file, Caller caller, TimeSpan within)
    {
        lock (file.Sync)
        {
            file.Validated = (caller.Thread, mounted.After(within));
        }
    }

    private FsException Missing(DirectoryInode directory, string name) => new(FsError.NotFound, $"there is no {name} in {_names.KeyOf(directory)}");

    /// <summary>Who asks, and what for.</summary>
    private readonly record struct Use(Caller Caller, bool IsToOpen, bool WithContent);
}
