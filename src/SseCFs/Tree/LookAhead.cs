namespace SseCFs.Tree;

/// <summary>
/// Detects programs that read attributes name after name, as `ls -l` does, and asks the store for the next ones, so that such a program does not wait for a reply per name.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Only look-ups start requests, so that none is started once the program is gone. The number of answers that may stay unused grows with the look-ups.
/// </remarks>
internal sealed class LookAhead(Mounted mounted, MetadataReader metadata)
{
    /// <summary>The most attributes that are asked for and not looked up yet: enough for a program that reads an ordinary directory in an order of its own.</summary>
    private const int MostUnused = 512;

    /// <summary>The number of entries considered ahead of the look-ups.</summary>
    private const int Window = 1024;

    /// <summary>The look-up that starts it. The first may be that of a save, which asks for the file that it replaces.</summary>
    public const int Starting = 2;

    private readonly Namespace _names = mounted.Names;
    private readonly int _atOnce = mounted.Options.MetadataRequests;
    private int _running;
    private long _runs;

    /// <summary>The number of names in the current run; 0 if there is none. Under <see cref="Namespace.Sync"/>.</summary>
    public int CountOf(DirectoryInode directory) => Current(directory)?.Count ?? 0;

    /// <summary>Counts a look-up that found a name, or a getattr of it. Under <see cref="Namespace.Sync"/>.</summary>
    /// <param name="isAsking">It needs an answer of the store. Only such names start requests for others: one that was just made here tells nothing about them.</param>
    /// <returns>The number of names in the run, this one included; 0 if it does not count.</returns>
    public int Note(DirectoryInode directory, Inode child, bool isAsking)
    {
        var run = Current(directory);
        if (!isAsking && run is not { Count: >= Starting })
        {
            return 0;
        }
        run ??= directory.Run = new LookupRun(++_runs);
        run.At = mounted.Clock.GetTimestamp();
        if (child.IsAskedAhead)
        {
            child.IsAskedAhead = false;
            run.Unused = Math.Max(0, run.Unused - 1);
        }
        if (child.InRun == run.Number)
        {
            return 0;
        }
        child.InRun = run.Number;
        return ++run.Count;
    }

    /// <summary>Notes that a look-up was answered: the pause before the next one begins here.</summary>
    public void NoteAnswered(DirectoryInode directory)
    {
        lock (_names.Sync)
        {
            if (directory.Run is { } run)
            {
                run.At = mounted.Clock.GetTimestamp();
            }
        }
    }

    /// <summary>Ends the run, since something else was done in the directory.</summary>
    public void End(DirectoryInode? directory)
    {
        if (directory is not null)
        {
            lock (_names.Sync)
            {
                directory.Run = null;
            }
        }
    }

    /// <summary>Starts requests for the attributes that are likely to be looked up next. Waits for nothing.</summary>
    public void Start(DirectoryInode directory, Inode child)
    {
        List<Inode>? starting = null;
        lock (_names.Sync)
        {
            if (directory is not { ListedAt: not null, Run: { Count: >= Starting } run })
            {
                return;
            }
            run.Order ??= OrderFrom(directory, child);
            var mostUnused = Math.Min(MostUnused, _atOnce * (run.Count - Starting + 1));
            var end = Math.Min(run.Order.Count, run.Count + Window);
            for (; run.Next < end && _running < _atOnce && run.Unused < mostUnused; run.Next++)
            {
                var next = run.Order[run.Next];
                if (!next.IsDetached && !ReferenceEquals(next, child) && IsToBeAsked(directory, next))
                {
                    next.IsAskedAhead = true;
                    run.Unused++;
                    _running++;
                    (starting ??= []).Add(next);
                }
            }
        }
        starting?.ForEach(next => _ = AskAsync(next));
    }

    /// <summary>Whether a look-up would wait for a request: the attributes are unknown, or they expire soon and the directory is too large to be listed again.</summary>
    private bool IsToBeAsked(DirectoryInode directory, Inode inode) =>
        inode.Loading is null
        && (!metadata.IsKnown(inode)
            || directory.Pages > SeriesDetector.MostPages && inode is FileInode { HoldsUnsaved: false } && !mounted.IsWithin(inode.ConfirmedAt, mounted.Options.AttributesValid / 2));

    private LookupRun? Current(DirectoryInode directory) => directory.Run is { } run && mounted.IsWithin(run.At, SeriesDetector.LongestPause) ? run : null;

    private static List<Inode> OrderFrom(DirectoryInode directory, Inode child)
    {
        var order = directory.Children.Values.ToList();
        var at = order.IndexOf(child);
        return [.. order[(at + 1)..], .. order[..(at + 1)]];
    }

    /// <summary>Never throws: a failure repeats itself for the program that looks the name up.</summary>
    private async Task AskAsync(Inode inode)
    {
        try
        {
            if (inode is FileInode file && metadata.IsKnown(file))
            {
                await metadata.RevalidateAsync(file, withContent: false, metadata.Ending).ConfigureAwait(false);
            }
            else
            {
                await metadata.EnsureAsync(inode, withContent: false, metadata.Ending).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is FsException or OperationCanceledException)
        {
            // As said.
        }
        finally
        {
            lock (_names.Sync)
            {
                _running--;
            }
        }
    }
}
