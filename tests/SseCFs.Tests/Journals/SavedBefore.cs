using SseCFs.Journal;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Journals;

/// <summary>
/// What an earlier release saved is restored: <c>Saved/</c> is the folder that a mount left which could store nothing. A change of the format must keep
/// this one readable.
/// </summary>
public sealed class SavedBefore() : JournalTest(isWriteBack: false)
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task It_is_restored()
    {
        Copy();
        Assert.Equal(5, await Kill());
        // Of "stored" attributes alone were saved, and this bucket does not have it.
        Assert.Equal(["large", "patched", "small", "sparse"], (await Mount.List("")).Order(StringComparer.Ordinal));
        Assert.Equal("hello"u8.ToArray(), await Mount.Read("small"));
        var sparse = await Mount.Read("sparse");
        Assert.Equal((MiB, "abc"), (sparse.Length, System.Text.Encoding.ASCII.GetString(sparse, 500_000, 3)));
        Assert.Equal(40 * MiB, (await Mount.Stat("large")).Size);
        await Mount.Files.DrainAsync(default);
        Assert.Equal("hello"u8.ToArray(), Store["small"].Data);
    }

    [Fact]
    public async Task Its_heads_say_what_they_said()
    {
        Copy();
        await Mount.DisposeAsync();
        var heads = Heads();
        Assert.Equal(["large", "patched", "small", "sparse", "stored"], heads.Keys.Order(StringComparer.Ordinal));
        Assert.True(heads["stored"].IsMetadataOnly);
        Assert.Equal((10, 10), (heads["patched"].StoredEnd, heads["patched"].Replaces!.Size));
        var upload = heads["large"].Upload!;
        Assert.NotEmpty(upload.UploadId);
        Assert.Equal([1, 2, 3, 4, 5], upload.ETags.Keys.Order());
        Assert.Contains(upload.Parts, part => part.IsDropped);
        Assert.Equal(0, upload.Parts[0].Start);
        await Begin();
    }

    private Dictionary<string, SavedHead> Heads()
    {
        using var journal = Open();
        var folder = Assert.Single(journal.Left);
        return folder.Saves.Select(path =>
        {
            using var reader = folder.Read(path)!;
            return reader.LastHead(JournalJson.Default.SavedHead)!;
        }).ToDictionary(head => head.Key);
    }

    private void Copy()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "earlier-1")).FullName;
        var names = typeof(SavedBefore).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("saved/", StringComparison.Ordinal)).ToList();
        Assert.Equal(6, names.Count);
        foreach (var name in names)
        {
            using var from = typeof(SavedBefore).Assembly.GetManifestResourceStream(name)!;
            using var to = File.Create(Path.Combine(folder, name["saved/".Length..]));
            from.CopyTo(to);
        }
    }
}
