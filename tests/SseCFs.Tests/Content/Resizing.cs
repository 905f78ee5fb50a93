using Microsoft.Extensions.Time.Testing;
using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

/// <summary>A file is cut while its parts leave.</summary>
public sealed class Resizing : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly MemoryStore _store = new(new FakeTimeProvider());
    private readonly BlockPool _pool = new(MiB);
    private readonly StagingArea _area;

    public Resizing() => _area = new StagingArea(64 * MiB, _pool, new SpillFile(Path.GetTempPath()));

    [Fact]
    public async Task No_part_leaves_of_what_is_being_cut_off()
    {
        using var staged = new StagedContent(_area, null);
        Assert.True(staged.TryWrite(0, new byte[20 * MiB]));
        var metadata = new ObjectMetadata(new Dictionary<string, string>(), null).WithAttempt();
        var upload = new StreamedUpload(_store, "k", staged, null, metadata, partsAtOnce: 2, largestPart: 8 * MiB, _ => { });
        var advance = Task.CompletedTask;
        Assert.True(upload.TryResize(MiB, size =>
        {
            advance = Task.Run(upload.Advance);
            Assert.False(SpinWait.SpinUntil(() => advance.IsCompleted, 100), "a part was taken");
            staged.TrySetSize(size);
        }, out var isAbandoned));
        Assert.False(isAbandoned);
        await advance;
        Assert.Equal(0, upload.End);
        await upload.FinishAsync(WriteCondition.Absent, default);
        Assert.Equal(new byte[MiB], _store["k"].Data);
    }

    public void Dispose() => _area.Dispose();
}
