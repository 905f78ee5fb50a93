using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>The turn of one inode in the <see cref="ChangeQueue"/>, whose lock guards it.</summary>
internal sealed class QueuedChange(Inode inode, DateTimeOffset since)
{
    public Inode Inode { get; } = inode;

    public DateTimeOffset Since { get; } = since;

    /// <summary>When it is to be sent, as a timestamp of the clock.</summary>
    public long DueAt { get; set; }

    public int Tries { get; set; }

    public Exception? Failure { get; set; }

    /// <summary>The run under way, with its failure as the result: null if it was stored. Null while there is none.</summary>
    public Task<Exception?>? Running { get; set; }

    /// <summary>A change came while it was being sent: it is due again at this timestamp.</summary>
    public long? DueAgainAt { get; set; }
}
