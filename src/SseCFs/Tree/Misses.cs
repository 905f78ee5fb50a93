namespace SseCFs.Tree;

/// <summary>
/// Remembers names that look-ups have just not found. Linux looks a name up before it creates it or renames to it, in the same system call, so that the second request need
/// not ask the store again. Thread-safe.
/// </summary>
internal sealed class Misses(Mounted mounted)
{
    /// <summary>The longest time between the two requests of a system call on a busy machine.</summary>
    private static readonly TimeSpan OneCall = TimeSpan.FromSeconds(1);

    // A miss that loses its slot to another costs one request.
    private readonly Miss?[] _slots = new Miss?[256];

    public void Add(DirectoryInode directory, string name, uint thread) =>
        _slots[SlotOf(directory, name)] = new Miss(directory, name, thread, mounted.Clock.GetTimestamp(), mounted.Names.Sequence);

    /// <summary>Whether that thread has missed the name within so short a time.</summary>
    public bool Contains(DirectoryInode directory, string name, uint thread, TimeSpan within) => Find(directory, name, thread, within) is not null;

    /// <summary>Whether the look-up of the same system call has missed the name. Forgets it.</summary>
    /// <param name="thread">Null: any.</param>
    public bool TryTake(DirectoryInode directory, string name, uint? thread)
    {
        if (Find(directory, name, thread, OneCall) is null)
        {
            return false;
        }
        _slots[SlotOf(directory, name)] = null;
        return true;
    }

    private Miss? Find(DirectoryInode directory, string name, uint? thread, TimeSpan within) =>
        _slots[SlotOf(directory, name)] is { } miss && ReferenceEquals(miss.Directory, directory) && miss.Name == name && miss.Sequence >= directory.EvictedAt
        && (thread is not { } given || given != 0 && given == miss.Thread) && mounted.IsWithin(miss.At, within) ? miss : null;

    // The same in every process, unlike the hash codes of strings: who loses a slot to whom is a part of what a simulation repeats.
    private int SlotOf(DirectoryInode directory, string name)
    {
        var hash = (uint)directory.Number;
        foreach (var character in name)
        {
            hash = hash * 31 + character;
        }
        return (int)(hash % (uint)_slots.Length);
    }

    private sealed record Miss(DirectoryInode Directory, string Name, uint Thread, long At, long Sequence);
}
