namespace SseCFs.Content.Extents;

/// <summary>
/// Extents in order and apart from each other, in pages, so that an insertion moves little however many there are. Not thread-safe.
/// </summary>
/// <remarks>A <see cref="Place"/> is good until the next insertion or removal. No page is empty.</remarks>
internal sealed class ExtentList
{
    private const int PageSize = 128;
    private const int SmallestPage = 4;

    private readonly List<Page> _pages = [];

    /// <summary>Where one extent stands; <see cref="End"/> is behind the last one.</summary>
    internal readonly record struct Place(int Page, int Index);

    public Place End => new(_pages.Count, 0);

    public int Count => _pages.Sum(page => page.Count);

    /// <summary>The first extent that ends behind <paramref name="offset"/>.</summary>
    public Place Seek(long offset)
    {
        var (low, high) = (0, _pages.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_pages[middle].Last.End > offset)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low == _pages.Count ? End : new Place(low, _pages[low].Seek(offset));
    }

    public bool TryGet(Place place, out Extent extent)
    {
        extent = place.Page < _pages.Count ? _pages[place.Page].Items[place.Index] : default;
        return place.Page < _pages.Count;
    }

    public Place Next(Place place) =>
        place.Index + 1 < _pages[place.Page].Count ? place with { Index = place.Index + 1 } : new Place(place.Page + 1, 0);

    /// <summary>Changes an extent, which must stay between its neighbors.</summary>
    public void Replace(Place place, in Extent extent) => _pages[place.Page].Items[place.Index] = extent;

    /// <summary>Inserts an extent before the one at a place.</summary>
    public void Insert(Place place, in Extent extent)
    {
        if (place == End)
        {
            // A writer that goes forward fills pages; split in halves, they would stay half full.
            if (_pages.Count == 0 || _pages[^1].Count == PageSize)
            {
                _pages.Add(new Page(_pages.Count == 0 ? SmallestPage : PageSize));
            }
            _pages[^1].Insert(_pages[^1].Count, extent);
            return;
        }
        var page = _pages[place.Page];
        if (page.Count < PageSize)
        {
            page.Insert(place.Index, extent);
            return;
        }
        var second = page.SplitAt(PageSize / 2);
        _pages.Insert(place.Page + 1, second);
        if (place.Index <= page.Count)
        {
            page.Insert(place.Index, extent);
        }
        else
        {
            second.Insert(place.Index - page.Count, extent);
        }
    }

    /// <summary>Removes the extents from one place to before another one.</summary>
    public void RemoveRange(Place from, Place to)
    {
        if (from == to)
        {
            return;
        }
        var first = _pages[from.Page];
        if (from.Page == to.Page)
        {
            first.RemoveRange(from.Index, to.Index);
        }
        else
        {
            first.RemoveRange(from.Index, first.Count);
            if (to.Page < _pages.Count)
            {
                _pages[to.Page].RemoveRange(0, to.Index);
            }
            _pages.RemoveRange(from.Page + 1, to.Page - from.Page - 1);
        }
        if (first.Count == 0)
        {
            _pages.RemoveAt(from.Page);
        }
        else if (from.Page + 1 < _pages.Count && first.Count + _pages[from.Page + 1].Count <= PageSize / 2)
        {
            first.Append(_pages[from.Page + 1]);
            _pages.RemoveAt(from.Page + 1);
        }
    }

    private sealed class Page(int capacity)
    {
        public Extent[] Items = new Extent[capacity];

        public int Count { get; private set; }

        public ref Extent Last => ref Items[Count - 1];

        /// <summary>The first one that ends behind <paramref name="offset"/>; there must be one.</summary>
        public int Seek(long offset)
        {
            var (low, high) = (0, Count - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (Items[middle].End > offset)
                {
                    high = middle;
                }
                else
                {
                    low = middle + 1;
                }
            }
            return low;
        }

        public void Insert(int index, in Extent extent)
        {
            EnsureCapacity(Count + 1);
            Array.Copy(Items, index, Items, index + 1, Count - index);
            Items[index] = extent;
            Count++;
        }

        public void RemoveRange(int start, int end)
        {
            Array.Copy(Items, end, Items, start, Count - end);
            Count -= end - start;
        }

        public Page SplitAt(int index)
        {
            var second = new Page(PageSize);
            Array.Copy(Items, index, second.Items, 0, Count - index);
            second.Count = Count - index;
            Count = index;
            return second;
        }

        public void Append(Page next)
        {
            EnsureCapacity(Count + next.Count);
            Array.Copy(next.Items, 0, Items, Count, next.Count);
            Count += next.Count;
        }

        private void EnsureCapacity(int needed)
        {
            if (needed > Items.Length)
            {
                Array.Resize(ref Items, Math.Min(PageSize, Math.Max(needed, 2 * Items.Length)));
            }
        }
    }
}
