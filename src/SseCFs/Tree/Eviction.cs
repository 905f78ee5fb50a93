namespace SseCFs.Tree;

/// <summary>
/// Bounds the names in memory: of the directories that were used least recently, those are dropped that nobody uses, and the kernel is asked to forget files that no program
/// has open. Such a name is asked for again when it is next wanted. Thread-safe.
/// </summary>
/// <remarks>
/// Linux forgets a name by itself only when memory is short. Of directories it is not asked: one that is the current directory of a program would lose its path
/// (d_invalidate in fs/dcache.c).
/// </remarks>
internal sealed class Eviction(Mounted mounted)
{
    /// <summary>A name with its attributes, on average.</summary>
    private const int BytesPerName = 1024;

    private readonly Namespace _names = mounted.Names;
    private readonly int _most = mounted.Options.MostNames ?? (int)Math.Min(mounted.Memory / 4 / BytesPerName, int.MaxValue / 2);

    /// <summary>The number of names above which it is tried; more than <see cref="_most"/> where most are in use.</summary>
    private int _above;

    /// <summary>To be called after names were added, by a caller who needs none that it has not counted as used.</summary>
    public void Run()
    {
        mounted.Cache.Reserve((long)_names.Count * BytesPerName);
        if (_names.Count <= Math.Max(_most, Volatile.Read(ref _above)))
        {
            return;
        }
        var forgotten = new List<Inode>();
        lock (_names.Sync)
        {
            // An eighth more than needed, so that the next names find room.
            var left = _names.Count - (_most - _most / 8);
            for (var next = _names.LeastRecentlyUsed; next is not null && left > 0;)
            {
                var directory = next.Value;
                next = next.Next;
                left = EvictFrom(directory, left, forgotten);
            }
            Volatile.Write(ref _above, _names.Count + _most / 8);
        }
        foreach (var inode in forgotten)
        {
            mounted.Invalidation?.InvalidateEntry(inode.Parent!.Number, FileName.ToName(inode.Name)!);
        }
    }

    /// <summary>Under <see cref="Namespace.Sync"/>.</summary>
    /// <param name="left">The number of names that are too many.</param>
    /// <returns>The same afterwards.</returns>
    private int EvictFrom(DirectoryInode directory, int left, List<Inode> forgotten)
    {
        // Removing is allowed while a dictionary is enumerated.
        foreach (var child in directory.Children.Values)
        {
            if (left == 0)
            {
                break;
            }
            if (child.IsToBeForgotten)
            {
                left--;
            }
            else if (!_names.IsOnlyKnown(child))
            {
                continue;
            }
            else if (child.Lookups == 0)
            {
                _names.Evict(child);
                left--;
            }
            else if (child is FileInode && mounted.Invalidation is not null)
            {
                child.IsToBeForgotten = true;
                forgotten.Add(child);
                left--;
            }
        }
        if (directory.Children.Count == 0)
        {
            directory.Children.TrimExcess();
        }
        return left;
    }
}
