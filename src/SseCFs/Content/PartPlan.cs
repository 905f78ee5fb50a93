using SseCFs.Content.Extents;
using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// Cuts a draft into the parts of a multipart upload: what did not change is copied by the service, holes are parts of
/// zeros, and around changes hardly more is sent than the smallest part that a service takes.
/// </summary>
/// <param name="canCopy">The service may copy from the stored version.</param>
/// <param name="least">Bytes of a part at least, the last one excepted.</param>
/// <param name="sent">Bytes of a part that goes through memory, at most.</param>
/// <param name="zeros">Bytes of a part of zeros, which takes no memory.</param>
internal readonly struct PartPlan(StagedContent staged, bool canCopy, long least, long sent, long zeros)
{
    /// <summary>All parts from <paramref name="start"/> to the end of the file, large enough to be few enough.</summary>
    /// <param name="storedInfo">The version that unchanged ranges are copied from; null to send all.</param>
    /// <param name="number">Of the first part.</param>
    public static List<UploadPart> Make(StagedContent staged, ObjectInfo? storedInfo, int number = 1, long start = 0)
    {
        var (least, sent, zeros) = ((long)IObjectStore.MinimumPartSize, (long)UploadPart.SmallestSize, (long)UploadPart.SmallestSize);
        for (; ; )
        {
            var plan = new PartPlan(staged, storedInfo is not null, least, sent, zeros);
            if (plan.TryMake(number, start, out var areMostlyZeros) is { } parts)
            {
                return parts;
            }
            if (areMostlyZeros && zeros < IObjectStore.MaximumPartSize)
            {
                zeros = Larger(zeros);
            }
            else if (sent < IObjectStore.MaximumPartSize)
            {
                // Half of it: what is left of a run that is cut can be a part of that size, too.
                (least, sent) = (Math.Min(Larger(least), IObjectStore.MaximumPartSize / 2), Larger(sent));
                zeros = Math.Max(zeros, sent);
            }
            else
            {
                throw new FsException(FsError.FileTooLarge, $"{staged.Size - start} bytes cannot be cut into the parts that an upload has left");
            }
        }
    }

    /// <summary>
    /// The part of a file still being written that begins at <paramref name="start"/>: of one step, or of many where neighbours
    /// that did not change are copied together.
    /// </summary>
    /// <param name="storedInfo">The version that unchanged ranges are copied from; null to send all.</param>
    /// <param name="limit">No part goes beyond it.</param>
    public static UploadPart At(StagedContent staged, ObjectInfo? storedInfo, int number, long start, long step, long limit)
    {
        var end = Math.Min(start + step, limit);
        if (storedInfo is null || staged.RunAt(start) is not { Source: ExtentSource.Stored } run || run.End < end)
        {
            return new UploadPart(number, start, end, Copied: false);
        }
        // As many steps as are unchanged as a whole.
        end = run.End >= limit ? limit : start + (run.End - start) / step * step;
        return new UploadPart(number, start, Math.Min(end, start + IObjectStore.MaximumPartSize / step * step), Copied: true);
    }

    /// <returns>Null: they are too many.</returns>
    private List<UploadPart>? TryMake(int number, long start, out bool areMostlyZeros)
    {
        var parts = new List<UploadPart>();
        var ofZeros = 0;
        var size = staged.Size;
        areMostlyZeros = false;
        while (start < size)
        {
            if (number > IObjectStore.MaximumParts)
            {
                areMostlyZeros = 2 * ofZeros > parts.Count;
                return null;
            }
            var run = staged.RunAt(start);
            var isWhole = IsWhole(run);
            var end = !isWhole ? EndOfSent(start, size) : run.Source == ExtentSource.Zeros ? EndOfZeros(run) : EndOfCopy(run);
            parts.Add(new UploadPart(number++, start, end, Copied: isWhole && run.Source == ExtentSource.Stored));
            ofZeros += isWhole && run.Source == ExtentSource.Zeros ? 1 : 0;
            start = end;
        }
        return parts;
    }

    /// <summary>Whether a run can be parts by itself, for which nothing is read.</summary>
    private bool IsWhole(in Extent run) =>
        (run.Source == ExtentSource.Zeros || canCopy && run.Source == ExtentSource.Stored)
        && (run.Length >= least || run.End == staged.Size);

    /// <summary>What is left behind it is no part too small to be copied.</summary>
    private long EndOfCopy(in Extent run)
    {
        var end = Math.Min(run.End, run.Start + IObjectStore.MaximumPartSize);
        return run.End - end is > 0 and var rest && rest < least ? run.End - least : end;
    }

    /// <summary>The last part of a run takes what would be a part too small, or leaves as much as one needs.</summary>
    private long EndOfZeros(in Extent run) =>
        run.Length <= zeros || run.Length < zeros + least && run.Length <= IObjectStore.MaximumPartSize ? run.End
        : Math.Min(run.Start + zeros, run.End - least);

    /// <summary>Of a part that goes through memory: up to what need not, if that comes soon.</summary>
    private long EndOfSent(long start, long size)
    {
        var (end, limit) = (start + least, Math.Min(start + sent, size));
        while (end < limit && staged.RunAt(end) is var run && !IsWhole(run))
        {
            end = run.End;
        }
        return Math.Min(end, limit);
    }

    private static long Larger(long length) =>
        Math.Min(IObjectStore.MaximumPartSize, (length + length / 4 + Block.Size - 1) / Block.Size * Block.Size);
}
