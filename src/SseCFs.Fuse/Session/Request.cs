using System.Diagnostics.CodeAnalysis;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>
/// One request: its frame, its cancellation and its one reply. Pooled; owned by one thread or one async flow at a time.
/// It answers exactly once: a second answer is refused, and the session answers EIO for a handler that did not.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The cancellation source has neither a timer nor a wait handle; it is the collector's.")]
internal sealed partial class Request(FuseSession session)
{
    /// <summary>Frames up to this size are copied into the request, so that few requests keep a whole receive buffer.</summary>
    public const int SmallFrame = 4096 + 512;

    private readonly byte[] _small = GC.AllocateUninitializedArray<byte>(SmallFrame, pinned: true);
    private byte[]? _large;
    private InHeader _header;
    private CancellationTokenSource _cancellation = new();
    private bool _cancellationTaken;
    private int _phase;

    public FuseSession Session => session;

    public IFileSystem FileSystem => session.FileSystem;

    public Opcode Opcode => (Opcode)_header.Opcode;

    /// <summary>Bytes of the frame, with its header.</summary>
    public uint Length => _header.Length;

    public ulong Unique => _header.Unique;

    public ulong NodeId => _header.NodeId;

    public Caller Caller => new(_header.Uid, _header.Gid, _header.Pid) { HasGroup = ThreadGroups.Includes, KeepsEntries = true };

    /// <summary>Cancelled by INTERRUPT and by the end of the connection.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    public FrameReader Body => new((_large ?? _small).AsMemory(Frame.HeaderSize, (int)_header.Length - Frame.HeaderSize));

    public bool IsAnswered => Volatile.Read(ref _phase) == (int)Phase.Answered;

    /// <summary>Where a request is between being read and being answered.</summary>
    private enum Phase
    {
        /// <summary>On the reader thread; nobody else knows of it.</summary>
        Inline,

        /// <summary>In the table of requests in flight, where INTERRUPT finds it.</summary>
        InFlight,

        Answered,
    }

    /// <summary>Takes a frame up. True if it keeps the buffer, until <see cref="TakeBuffer"/>.</summary>
    public bool Begin(in InHeader header, byte[] received, bool mayReply)
    {
        _header = header;
        _phase = (int)(mayReply ? Phase.Inline : Phase.Answered);
        if (header.Length > SmallFrame)
        {
            _large = received;
            return true;
        }
        received.AsSpan(0, (int)header.Length).CopyTo(_small);
        return false;
    }

    /// <summary>Gives back the buffer that <see cref="Begin"/> kept, or null.</summary>
    public byte[]? TakeBuffer()
    {
        var buffer = _large;
        _large = null;
        return buffer;
    }

    /// <summary>The handler went asynchronous. False if it has answered in the meantime.</summary>
    public bool TryEnterFlight() =>
        Interlocked.CompareExchange(ref _phase, (int)Phase.InFlight, (int)Phase.Inline) == (int)Phase.Inline;

    /// <summary>What INTERRUPT cancels; only for whoever took this request out of <see cref="InFlightTable"/>.</summary>
    public CancellationTokenSource CancellationSource => _cancellation;

    /// <summary>Makes the cancellation usable for the next request; called when the handler is done.</summary>
    public void ResetCancellation()
    {
        if (_cancellationTaken || !_cancellation.TryReset())
        {
            // Not disposed: the one who cancels may still be at it. It has neither a timer nor a wait handle.
            _cancellation = new CancellationTokenSource();
            _cancellationTaken = false;
        }
    }

    /// <summary>False if the request was answered before; the answer is then not sent.</summary>
    private bool TryClaimReply()
    {
        var before = (Phase)Interlocked.Exchange(ref _phase, (int)Phase.Answered);
        if (before == Phase.InFlight)
        {
            // Before the reply is written: afterwards the kernel may be done with the request, and this object serves another.
            _cancellationTaken = !session.InFlight.Remove(this);
        }
        return before != Phase.Answered;
    }
}
