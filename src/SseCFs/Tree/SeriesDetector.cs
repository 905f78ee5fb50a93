namespace SseCFs.Tree;

/// <summary>
/// Detects a <see cref="NameSeries"/>: one listing then takes the place of a question for each name. Thread-safe; all of it is called under <see cref="Namespace.Sync"/>.
/// </summary>
internal sealed class SeriesDetector(Mounted mounted, DirectoryLister lister)
{
    /// <summary>The number of names that make a series, or a run of look-ups. A program that wants fewer may want no others.</summary>
    public const int Noticed = 3;

    /// <summary>A directory of more pages is not listed for the sake of names.</summary>
    public const int MostPages = 10;

    /// <summary>The names found for each page that a listing may take, where it is known how many it takes; where it is not, most of them may be in vain.</summary>
    private const int NamesAPage = 3, NamesAPageAtLeast = 16;

    /// <summary>The pause that ends a series, or a run of look-ups.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Notes that a question about one name alone has found it.</summary>
    public void NoteFound(DirectoryInode directory) => Continue(directory).Found++;

    /// <summary>Notes that a name was removed here.</summary>
    public void NoteRemoved(DirectoryInode directory) => Continue(directory).Removed++;

    /// <summary>Notes that the directory cannot be listed: it is not tried again for the sake of names.</summary>
    public static void NoteRefused(DirectoryInode directory) => directory.Pages = MostPages + 1;

    /// <summary>Notes a look-up: whatever the program did since the one before, it goes on.</summary>
    public void NoteLookup(DirectoryInode directory)
    {
        if (Current(directory) is { } series)
        {
            series.At = mounted.Clock.GetTimestamp();
        }
    }

    /// <summary>Whether a program removes name after name: what was confirmed recently is looked up to be removed, and not because it is doubted.</summary>
    public bool IsRemoving(DirectoryInode directory) => Current(directory)?.Removed >= Noticed;

    /// <summary>The number of pages that a listing may take instead of the next question about a single name; 0: none.</summary>
    public int PagesWorthListing(DirectoryInode directory)
    {
        if (Current(directory) is not { } series || directory.Pages > MostPages || lister.IsFresh(directory, mounted.Options.AttributesValid))
        {
            return 0;
        }
        var isKnown = directory.ListedAt is not null || directory.Pages <= 1;
        if (series.Found + 1 < Math.Max(Noticed, directory.Pages * (isKnown ? NamesAPage : NamesAPageAtLeast)))
        {
            return 0;
        }
        if (directory.Pages > 1)
        {
            series.Found = 0;
        }
        return directory.Pages == 0 ? 1 : MostPages;
    }

    private NameSeries Continue(DirectoryInode directory)
    {
        var series = Current(directory) ?? (directory.Series = new NameSeries());
        series.At = mounted.Clock.GetTimestamp();
        return series;
    }

    private NameSeries? Current(DirectoryInode directory) => directory.Series is { } series && mounted.IsWithin(series.At, LongestPause) ? series : null;
}
