using Xunit;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>A promise to users is a test: each sentence of docs/behaviour.md, and of the drive's part of docs/windows.md, names tests that are there.</summary>
public sealed class PromiseTests
{
    private static readonly IReadOnlyList<Promise> Promises =
        [.. Promise.In(Page.Read("docs/behaviour.md"), null), .. Promise.In(Page.Read("docs/windows.md"), "Behaviour")];

    private static readonly TestSources Sources = new();

    [Fact]
    public void EverySentenceNamesATest()
    {
        Assert.NotEmpty(Promises);
        Assert.All(Promises, promise => Assert.True(promise.Tests.Count > 0, $"{promise.Page} names no test for: {promise.Sentence}"));
    }

    [Fact]
    public void EveryItemIsOneSentence() =>
        Assert.All(Promises, promise => Assert.True(promise.IsOneSentence, $"{promise.Page} has more than one sentence, or half of one: {promise.Sentence}"));

    [Fact]
    public void EveryNamedTestExists()
    {
        var missing =
            from promise in Promises
            from test in promise.Tests
            where !Sources.Contains(test)
            select $"{promise.Page}: {test}";
        Assert.Empty(missing);
    }

    /// <summary>Neither of the two above can pass because nothing was read.</summary>
    [Fact]
    public void WhatIsNotThereIsMissed()
    {
        Assert.True(Sources.Contains(new NamedTest(nameof(PromiseTests), nameof(WhatIsNotThereIsMissed), null)));
        Assert.False(Sources.Contains(new NamedTest(nameof(PromiseTests), nameof(Promises), null)));
        var page = new Page("page", "# Page\n\nAbout it.\n\n## Part\n\n- One. Two.\n  Tests: `A.B`.\n- Three\n  in lines.\n\nFour.\n- Five.\n  Tests: `C.D (a, b)`, `E.F`,\n  `G.H`.\n");
        Assert.Equal(
            [("One. Two.", false, "A.B"), ("- Three in lines.", true, ""), ("Four.", true, ""), ("Five.", true, "C.D (a, b), E.F, G.H")],
            Promise.In(page, null).Select(one => (one.Sentence, one.IsOneSentence, string.Join(", ", one.Tests))));
    }
}
