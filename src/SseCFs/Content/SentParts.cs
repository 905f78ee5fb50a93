using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// The parts of a streamed upload that are sent, or on their way: in the order of the file, from its start and without
/// a gap. Guarded by the upload's lock.
/// </summary>
/// <param name="largestPart">Bytes of the largest part; parts grow towards it, as their number is limited.</param>
internal sealed class SentParts(long largestPart)
{
    /// <summary>Parts until their size doubles.</summary>
    private const int PartsPerSize = 1000;

    /// <summary>Numbers kept for the rest of the file: enough to cut the largest object into the largest parts.</summary>
    private const int NumbersKept = 1100;

    private readonly List<SentPart> _parts = [];

    /// <summary>Up to where they reach.</summary>
    public long End => _parts.Count == 0 ? 0 : _parts[^1].Range.End;

    /// <summary>A part that is copied in many steps keeps as many numbers: written to, it is cut into them.</summary>
    public int NextNumber => _parts.Count == 0 ? 1 : _parts[^1].Range.Number + _parts[^1].Steps;

    public bool IsFull => NextNumber >= IObjectStore.MaximumParts - NumbersKept;

    /// <summary>Ends when none is on its way any more.</summary>
    public Task AllSent => Task.WhenAll(_parts.Select(part => part.Sending));

    /// <summary>The sending of the first one that is on its way.</summary>
    public Task? FirstSending => _parts.Find(part => !part.Sending.IsCompleted)?.Sending;

    public bool HasDropped(long before = long.MaxValue) => _parts.Exists(part => part.IsDropped && part.Range.Start < before);

    /// <summary>The part that a byte of the file is in.</summary>
    public SentPart? At(long offset) => _parts.Find(part => part.Range.Start <= offset && offset < part.Range.End);

    /// <summary>The next part, if the writer is beyond it.</summary>
    public SentPart? Next(StagedContent staged, ObjectInfo? storedInfo)
    {
        var (number, start) = (NextNumber, End);
        var step = Math.Min(largestPart, (long)UploadPart.SmallestSize << (number / PartsPerSize));
        var whole = (staged.Contiguous - start) / step * step;
        return whole > 0 ? new SentPart(PartPlan.At(staged, storedInfo, number, start, step, start + whole), step) : null;
    }

    public void Add(SentPart part) => _parts.Add(part);

    /// <summary>Those that are not with the service as they are now.</summary>
    public IEnumerable<SentPart> Outdated(StagedContent staged) => _parts.Where(part => !part.IsCurrent(staged));

    public List<PartState> ToState(StagedContent staged) => _parts.ConvertAll(part => new PartState(
        part.Range.Number, part.Range.Start, part.Range.End, part.Step, part.Range.Copied, part.IsCurrent(staged), part.IsDropped));

    /// <summary>Takes over what another process sent; the staged content is what it had then.</summary>
    public void Resume(List<PartState> states, StagedContent staged)
    {
        foreach (var part in states)
        {
            _parts.Add(new SentPart(new UploadPart(part.Number, part.Start, part.End, part.IsCopied), part.Step)
            {
                Stamp = staged.Stamp,
                IsSent = part.IsSent,
                IsDropped = part.IsDropped && staged.TryDrop(part.Start, part.End, staged.Stamp),
            });
        }
    }
}

/// <summary>One range of a file that is sent while the file is written.</summary>
/// <param name="step">Bytes of each part that it is sent as; a copy is one part of many steps.</param>
internal sealed class SentPart(UploadPart range, long step)
{
    public UploadPart Range { get; } = range;

    public long Step { get; } = step;

    public int Steps { get; } = (int)((range.End - range.Start) / step);

    /// <summary>Ends without an error, however it went.</summary>
    public Task Sending { get; set; } = Task.CompletedTask;

    /// <summary>Changes of the staged content after this one are not in what was sent.</summary>
    public long Stamp { get; set; }

    public volatile bool IsSent;
    public bool IsDropped;

    /// <summary>The service has it as it is now.</summary>
    public bool IsCurrent(StagedContent staged) => IsSent && staged.IsUnchangedSince(Range.Start, Range.End, Stamp);

    public async ValueTask SendAsync(IMultipartUpload upload, StagedContent staged, ObjectInfo? storedInfo, CancellationToken cancellation)
    {
        var stamp = staged.Stamp;
        var (number, start) = (Range.Number, Range.Start);
        while (start < Range.End)
        {
            var piece = PartPlan.At(staged, storedInfo, number++, start, Step, Range.End);
            await piece.SendAsync(upload, staged, storedInfo, cancellation).ConfigureAwait(false);
            start = piece.End;
        }
        Stamp = stamp;
        IsSent = true;
    }
}
