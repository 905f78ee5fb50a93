using SseCFs.Store;

namespace SseCFs.Tests.Support;

/// <summary>Cuts a listing into pages as ListObjectsV2 does: objects and common prefixes count alike.</summary>
internal static class ListPages
{
    /// <param name="objects">In the order of their keys.</param>
    public static ListPage Cut(IEnumerable<ListedObject> objects, string prefix, string? delimiter, string? continuation, int limit)
    {
        var found = new List<ListedObject>();
        var prefixes = new List<string>();
        string? last = null;
        foreach (var listed in objects)
        {
            var key = listed.Key;
            if (!key.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }
            var cut = delimiter is null ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            var shown = cut < 0 ? key : key[..(cut + 1)];
            if (continuation is not null && string.CompareOrdinal(shown, continuation) <= 0 || cut >= 0 && shown == last)
            {
                continue;
            }
            if (found.Count + prefixes.Count == limit)
            {
                return new ListPage(found, prefixes, last);
            }
            last = shown;
            if (cut >= 0)
            {
                prefixes.Add(shown);
            }
            else
            {
                found.Add(listed);
            }
        }
        return new ListPage(found, prefixes, null);
    }
}
