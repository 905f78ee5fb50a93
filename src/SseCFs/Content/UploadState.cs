namespace SseCFs.Content;

/// <summary>What a process must know to go on with the multipart upload that another one began: what it was begun with, and what the service has of it.</summary>
internal sealed record UploadState
{
    public required string UploadId { get; init; }

    /// <summary>User metadata that it was begun with.</summary>
    public required Dictionary<string, string> User { get; init; }

    public string? ContentType { get; init; }

    /// <summary>The id of the attempt; null in journals of earlier releases, whose metadata names the writer.</summary>
    public string? Attempt { get; init; }

    /// <summary>Of the key that it was begun with.</summary>
    public string? KeyFingerprint { get; init; }

    /// <summary>A completion with other content than this may have been carried out: what stands there then is no proof of this.</summary>
    public bool MayBeCompletedOtherwise { get; init; }

    /// <summary>ETags of the parts that the service has, by number.</summary>
    public required Dictionary<int, string> ETags { get; init; }

    /// <summary>In the order of the file, from its start and without a gap.</summary>
    public required List<PartState> Parts { get; init; }
}

/// <summary>One range of the file.</summary>
/// <param name="Number">Of the first part that it is sent as.</param>
/// <param name="Step">Bytes of each part, if it is sent from here.</param>
/// <param name="IsSent">The service has it as it is now.</param>
/// <param name="IsDropped">The service alone has it.</param>
internal sealed record PartState(int Number, long Start, long End, long Step, bool IsCopied, bool IsSent, bool IsDropped);
