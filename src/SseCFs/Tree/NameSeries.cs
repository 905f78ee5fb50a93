namespace SseCFs.Tree;

/// <summary>
/// What a program does that finds name after name in a directory, to read or to remove what has them, and makes none. Guarded by <see cref="Namespace.Sync"/>.
/// </summary>
internal sealed class NameSeries
{
    /// <summary>The names found alone, since a listing of several pages if there was one.</summary>
    public int Found { get; set; }

    /// <summary>The names removed.</summary>
    public int Removed { get; set; }

    /// <summary>The time of the last of them, as a timestamp of the clock.</summary>
    public long At { get; set; }
}
