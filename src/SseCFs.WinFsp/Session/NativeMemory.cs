using System.Buffers;

namespace SseCFs.WinFsp.Session;

/// <summary>The driver's buffer of one request as memory that an operation can take over an await. Reused: allocate once, then set.</summary>
internal sealed unsafe class NativeMemory : MemoryManager<byte>
{
    private byte* _start;
    private int _length;

    public ReadOnlyMemory<byte> Set(nint start, int length)
    {
        _start = (byte*)start;
        _length = length;
        return Memory;
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
