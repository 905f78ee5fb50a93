namespace SseCFs.LocalStore.Storage;

/// <summary>
/// Values by key in <see cref="KeyOrder"/>, in runs of some hundred entries: a look-up is two binary searches, an insertion
/// moves one run. Not thread-safe.
/// </summary>
internal sealed class KeyIndex<T> where T : class
{
    private const int LargestRun = 512;

    private readonly List<List<KeyValuePair<string, T>>> _runs = [];

    public int Count { get; private set; }

    public T? Find(string key)
    {
        if (_runs.Count == 0)
            return null;
        var run = _runs[RunOf(key)];
        int at = PositionIn(run, key);
        return at >= 0 ? run[at].Value : null;
    }

    public void Set(string key, T value)
    {
        var entry = KeyValuePair.Create(key, value);
        if (_runs.Count == 0)
        {
            _runs.Add([entry]);
            Count = 1;
            return;
        }
        int r = RunOf(key);
        var run = _runs[r];
        int at = PositionIn(run, key);
        if (at >= 0)
        {
            run[at] = entry;
            return;
        }
        run.Insert(~at, entry);
        Count++;
        if (run.Count <= LargestRun)
            return;
        _runs.Insert(r + 1, run.GetRange(LargestRun / 2, run.Count - LargestRun / 2));
        run.RemoveRange(LargestRun / 2, run.Count - LargestRun / 2);
    }

    public bool Remove(string key)
    {
        if (_runs.Count == 0)
            return false;
        int r = RunOf(key);
        int at = PositionIn(_runs[r], key);
        if (at < 0)
            return false;
        _runs[r].RemoveAt(at);
        if (_runs[r].Count == 0)
            _runs.RemoveAt(r);
        Count--;
        return true;
    }

    /// <summary>The first entry at or behind a key; null where there is none.</summary>
    /// <param name="key">Where to begin.</param>
    /// <param name="inclusive">The key itself counts.</param>
    public KeyValuePair<string, T>? FirstFrom(string key, bool inclusive)
    {
        if (_runs.Count == 0)
            return null;
        int r = RunOf(key);
        int at = PositionIn(_runs[r], key);
        at = at < 0 ? ~at : inclusive ? at : at + 1;
        if (at == _runs[r].Count)
        {
            if (++r == _runs.Count)
                return null;
            at = 0;
        }
        return _runs[r][at];
    }

    /// <summary>The last run whose first key is not behind this one; the first run for a key before all.</summary>
    private int RunOf(string key)
    {
        int low = 0, high = _runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (KeyOrder.Compare(_runs[middle][0].Key, key) <= 0)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    private static int PositionIn(List<KeyValuePair<string, T>> run, string key)
    {
        int low = 0, high = run.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = KeyOrder.Compare(run[middle].Key, key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return ~low;
    }
}
