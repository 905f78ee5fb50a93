namespace SseCFs.Tree;

/// <summary>
/// A directory's names by what they are without the case of letters; made when it is first asked, since POSIX never does. Case as in Windows: each character by itself,
/// whatever the language. Guarded by <see cref="Namespace.Sync"/>.
/// </summary>
internal sealed class CaseIndex(Dictionary<string, Inode> children)
{
    private Dictionary<string, SortedSet<string>>? _names;

    /// <summary>In ordinal order, in which capitals come first.</summary>
    public IReadOnlyCollection<string> Find(string name)
    {
        if (_names is null)
        {
            _names = new Dictionary<string, SortedSet<string>>(StringComparer.OrdinalIgnoreCase);
            foreach (var child in children.Keys)
            {
                Add(child);
            }
        }
        return _names.TryGetValue(name, out var found) ? found : [];
    }

    public void Add(string name)
    {
        if (_names is null)
        {
            return;
        }
        if (!_names.TryGetValue(name, out var same))
        {
            _names[name] = same = new SortedSet<string>(StringComparer.Ordinal);
        }
        same.Add(name);
    }

    public void Remove(string name)
    {
        if (_names is not null && _names.TryGetValue(name, out var same) && same.Remove(name) && same.Count == 0)
        {
            _names.Remove(name);
        }
    }
}
