using SseCFs.Content.Extents;

namespace SseCFs.Content;

/// <summary>
/// What was changed in a draft after a change of some number: writes are noted with their chunk, so that a writer who
/// goes forward leaves the parts behind as they are, and zeros with their extent. Under the draft's lock.
/// </summary>
internal static class StagedChanges
{
    /// <summary>Whether any of a range was changed since.</summary>
    public static bool AreIn(ExtentMap map, StagedChunks chunks, long start, long end, long stamp)
    {
        for (; map.TryNext(start, end, out var extent); start = extent.End)
        {
            if (extent.Source == ExtentSource.Zeros && extent.ChangedAt > stamp)
            {
                return true;
            }
            for (var index = extent.Start / Block.Size; extent.Source == ExtentSource.Written && index * Block.Size < extent.End; index++)
            {
                if (chunks.Find(index)?.ChangedAt > stamp)
                {
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>Written ranges, in order, of the blocks that were written to since.</summary>
    public static List<(long Start, long End)> WrittenSince(ExtentMap map, StagedChunks chunks, long stamp)
    {
        var ranges = new List<(long Start, long End)>();
        foreach (var chunk in chunks.All.Where(chunk => chunk.ChangedAt > stamp).OrderBy(chunk => chunk.Index))
        {
            var (start, end) = (chunk.Start, chunk.Start + Block.Size);
            for (; map.TryNext(ExtentSource.Written, start, end, out var extent); start = extent.End)
            {
                ranges.Add((extent.Start, extent.End));
            }
        }
        return ranges;
    }

    /// <summary>Ranges, in order, that were made zeros since.</summary>
    public static List<(long Start, long End)> ZeroedSince(ExtentMap map, long stamp)
    {
        var ranges = new List<(long Start, long End)>();
        for (var start = 0L; map.TryNext(ExtentSource.Zeros, start, map.Size, out var extent); start = extent.End)
        {
            if (extent.ChangedAt > stamp)
            {
                ranges.Add((extent.Start, extent.End));
            }
        }
        return ranges;
    }
}
