using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Journals;

/// <summary>The head of a save names every part of an upload, and is read back however many these are.</summary>
public sealed class LargeHeads() : JournalTest(isWriteBack: false)
{
    [Fact]
    public async Task One_of_the_largest_upload_is_read_back()
    {
        var head = HeadOf(IObjectStore.MaximumParts, etag: new string('e', 100));
        await Save(head);
        using var journal = Open();
        var folder = Assert.Single(journal.Left);
        using var reader = folder.Read(Assert.Single(folder.Saves))!;
        Assert.Equal(head.Upload!.ETags, reader.LastHead(JournalJson.Default.SavedHead)!.Upload!.ETags);
        // What is behind it is read as before.
        Assert.True(reader.TryRead(out var type, out var data));
        Assert.Equal((JournalRecord.Data, 8 + 3), (type, data.Length));
    }

    [Fact]
    public async Task One_that_could_not_be_read_back_is_not_written()
    {
        await Fails.With(FsError.InputOutput, () => Save(HeadOf(IObjectStore.MaximumParts, etag: new string('e', 2000))));
    }

    private async Task Save(SavedHead head)
    {
        using (var journal = Open())
        {
            var entry = JournalEntry.Create(journal.NewSave());
            await entry.AddAsync(writer =>
            {
                writer.WriteData(0, [1, 2, 3]);
                return ValueTask.CompletedTask;
            }, head, stamp: 1);
        }
    }

    private static SavedHead HeadOf(int parts, string etag) => new()
    {
        Number = 1,
        Key = "k",
        User = [],
        Upload = new UploadState
        {
            UploadId = "id",
            User = [],
            ETags = Enumerable.Range(1, parts).ToDictionary(number => number, _ => etag),
            Parts = [.. Enumerable.Range(1, parts).Select(number => new PartState(number, number * (5L << 30), (number + 1) * (5L << 30), 5L << 30, true, true, true))],
        },
    };
}
