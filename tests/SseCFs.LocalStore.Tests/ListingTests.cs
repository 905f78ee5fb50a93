using System.Text;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Tests;

public sealed class ListingTests
{
    private static readonly string[] Keys =
        ["a", "a-b", "a/", "a/1", "a/2", "a/b/c", "a/b/d", "a0", "b/x/y", "b/x/z", "c", "\ud83d\ude00", "\uffee", "ü/ü"];

    public static TheoryData<bool, string, string, int> Cases
    {
        get
        {
            var data = new TheoryData<bool, string, string, int>();
            foreach (bool version2 in (bool[])[false, true])
            {
                foreach (string prefix in (string[])["", "a", "a/", "a/b", "b/x/", "zz"])
                {
                    foreach (string delimiter in (string[])["", "/", "b"])
                    {
                        foreach (int limit in (int[])[1, 2, 1000])
                            data.Add(version2, prefix, delimiter, limit);
                    }
                }
            }
            return data;
        }
    }

    [Fact]
    public async Task Pages_together_are_the_whole_listing()
    {
        await using var store = await TestStore.StartAsync();
        foreach (string key in Keys.Reverse())
            await store.S3.PutAsync(key, Encoding.UTF8.GetBytes(key));
        foreach (var data in Cases)
        {
            var (version2, prefix, delimiter, limit) = data.Data;
            var (keys, groups) = await ListAsync(store.S3, version2, prefix, delimiter, limit);
            var (expectedKeys, expectedGroups) = Expected(prefix, delimiter);
            Assert.Equal((data.Data, Join(expectedKeys), Join(expectedGroups)), (data.Data, Join(keys), Join(groups)));
        }
    }

    [Fact]
    public async Task A_listing_starts_behind_a_marker()
    {
        await using var store = await TestStore.StartAsync();
        foreach (string key in Keys)
            await store.S3.PutAsync(key, [1]);
        Assert.Equal(["a/2", "a/b/c", "a/b/d", "a0"], (await store.S3.GetAsync("", query: "prefix=a&marker=a%2F1")).Elements("Key"));
        Assert.Equal(["a/2", "a/b/c", "a/b/d", "a0"], (await store.S3.GetAsync("", query: "list-type=2&prefix=a&start-after=a%2F1")).Elements("Key"));
        Assert.Equal("0", (await store.S3.GetAsync("", query: "list-type=2&max-keys=0")).Element("KeyCount"));
        Assert.Equal(400, (await store.S3.GetAsync("", query: "max-keys=x")).Status);
    }

    [Fact]
    public void The_index_keeps_order_through_any_changes()
    {
        var random = new Random(5);
        var index = new KeyIndex<string>();
        var model = new SortedDictionary<string, string>(Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))));
        for (int i = 0; i < 20_000; i++)
        {
            string key = RandomKey(random);
            if (random.Next(3) == 0)
                Assert.Equal(model.Remove(key), index.Remove(key));
            else
            {
                model[key] = key + i;
                index.Set(key, key + i);
            }
        }
        Assert.Equal(model.Count, index.Count);
        string from = "";
        bool inclusive = true;
        foreach (var (key, value) in model)
        {
            var entry = index.FirstFrom(from, inclusive);
            Assert.Equal((key, value, value), (entry?.Key, entry?.Value, index.Find(key)));
            (from, inclusive) = (key, false);
        }
        Assert.Null(index.FirstFrom(from, inclusive));
    }

    private static string RandomKey(Random random)
    {
        string[] letters = ["a", "b", "/", "ü", "\uffee", "\ud83d\ude00", "\ud83d\ude01"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => letters[random.Next(letters.Length)]));
    }

    private static async Task<(List<string> Keys, List<string> Groups)> ListAsync(S3Session s3, bool version2, string prefix, string delimiter, int limit)
    {
        var keys = new List<string>();
        var groups = new List<string>();
        string next = "";
        while (true)
        {
            string query = $"encoding-type=url{(version2 ? "&list-type=2" : "")}&prefix={Uri.EscapeDataString(prefix)}&delimiter={Uri.EscapeDataString(delimiter)}&max-keys={limit}{next}";
            var page = await s3.GetAsync("", query: query);
            Assert.Equal(200, page.Status);
            var pageKeys = page.Elements("Key").Select(Uri.UnescapeDataString).ToList();
            var pageGroups = page.Elements("CommonPrefixes").Select(p => Uri.UnescapeDataString(p["<Prefix>".Length..^"</Prefix>".Length])).ToList();
            Assert.True(pageKeys.Count + pageGroups.Count <= limit);
            keys.AddRange(pageKeys);
            groups.AddRange(pageGroups);
            if (page.Element("IsTruncated") == "false")
                return (keys, groups);
            string marker = version2 ? page.Element("NextContinuationToken")!
                : delimiter.Length > 0 ? Uri.UnescapeDataString(page.Element("NextMarker")!) : pageKeys[^1];
            next = (version2 ? "&continuation-token=" : "&marker=") + Uri.EscapeDataString(marker);
        }
    }

    private static (IEnumerable<string> Keys, IEnumerable<string> Groups) Expected(string prefix, string delimiter)
    {
        var below = Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal).ToList();
        string? Group(string key) => delimiter.Length > 0 && key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) is >= 0 and var at ? key[..(at + delimiter.Length)] : null;
        return (below.Where(k => Group(k) is null), below.Select(Group).OfType<string>().Distinct());
    }

    private static string Join(IEnumerable<string> values) => string.Join(" | ", values);
}
