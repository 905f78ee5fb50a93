using ArchUnitNET.Loader;

namespace SseCFs.Tests.Architecture;

/// <summary>Which layer of the file system may name which. docs/architecture.md shows the same.</summary>
public sealed class Layers
{
    /// <summary>The root names all of them, and nothing in a layer names the root.</summary>
    private static readonly Dictionary<string, string[]> s_mayName = new()
    {
        ["Contract"] = [],
        ["Secrets"] = [],
        ["Transport"] = ["Secrets"],
        ["Keys"] = ["Secrets", "Transport"],
        ["Store"] = ["Contract", "Keys", "Transport"],
        ["Content"] = ["Contract", "Store"],
        ["Journal"] = ["Content", "Contract", "Keys", "Store"],
        ["Tree"] = ["Content", "Contract", "Journal", "Store"],
        ["Outbox"] = ["Content", "Contract", "Journal", "Store", "Tree"],
        ["Operations"] = ["Content", "Contract", "Journal", "Outbox", "Store", "Tree"],
        ["Upkeep"] = ["Contract", "Keys", "Store"],
    };

    private static readonly string[] s_arrows =
    [
        .. new ArchLoader().LoadAssemblies(typeof(SseFileSystem).Assembly).Build().Types
            .SelectMany(type => type.Dependencies, (type, dependency) => (From: type, To: dependency.Target))
            .Where(arrow => arrow.To.FullName.StartsWith("SseCFs.", StringComparison.Ordinal) && LayerOf(arrow.From.FullName) != LayerOf(arrow.To.FullName))
            .Select(arrow => $"{arrow.From.FullName} -> {arrow.To.FullName}").Distinct(),
    ];

    [Fact]
    public void No_layer_names_one_that_it_may_not_know() =>
        Assert.DoesNotContain(s_arrows, arrow => arrow.Split(" -> ") is [var from, var to] && LayerOf(from).Length > 0 && !s_mayName[LayerOf(from)].Contains(LayerOf(to)));

    /// <summary>What is allowed and not used is no rule any more.</summary>
    [Fact]
    public void Every_permission_is_used() =>
        Assert.Empty(s_mayName.SelectMany(layer => layer.Value, (layer, to) => $"{layer.Key} -> {to}")
            .Except(s_arrows.Select(arrow => string.Join(" -> ", arrow.Split(" -> ").Select(LayerOf)))));

    /// <summary>A layer names only layers above it in the table, so that there is no circle.</summary>
    [Fact]
    public void The_table_itself_has_no_circle()
    {
        var known = new HashSet<string>();
        foreach (var (layer, mayName) in s_mayName)
        {
            Assert.Subset(known, new HashSet<string>(mayName));
            known.Add(layer);
        }
    }

    [Fact]
    public void Every_layer_is_in_the_table() =>
        Assert.Equal(s_mayName.Keys.Order(), s_arrows.SelectMany(arrow => arrow.Split(" -> ")).Select(LayerOf).Where(layer => layer.Length > 0).Distinct().Order());

    /// <summary>The namespace below SseCFs; empty for what is in the root.</summary>
    private static string LayerOf(string type) => type.Split('/', '+')[0].Split('.') is ["SseCFs", var layer, _, ..] ? layer : "";
}
