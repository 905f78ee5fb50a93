using System.Buffers;
using System.Runtime.InteropServices;

namespace SseCFs.Content;

/// <summary>
/// Memory outside of the collector's heap that the kernel may back with one huge page. With small pages the first touch of every 4 KiB is
/// a page fault, and these took a third of the processor time of a long read. Freed when no <see cref="Memory{T}"/> of it is left.
/// </summary>
internal sealed unsafe partial class Slab : MemoryManager<byte>
{
    /// <summary>A huge page of x86-64 and of arm64 with 4 KiB pages.</summary>
    public const int Size = 2 << 20;

    /// <summary>MADV_DONTNEED and MADV_HUGEPAGE of linux/mman.h.</summary>
    private const int DontNeed = 4, HugePage = 14;

    private void* _memory = NativeMemory.AlignedAlloc(Size, Size);

    public Slab()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(_memory, Size, HugePage); // fails where the kernel has none; only slower then
        }
    }

#pragma warning disable CA2015 // who has a span of it has a Block, which it releases after the last use of the span, and the block has the Memory
    ~Slab() => Dispose(false);
#pragma warning restore CA2015

    /// <summary>Gives the memory behind a part of a slab back to the system; when it is written again, it comes back. Its content is lost.</summary>
    public static void Discard(Memory<byte> part)
    {
        if (OperatingSystem.IsLinux())
        {
            using var pin = part.Pin();
            _ = Advise(pin.Pointer, (nuint)part.Length, DontNeed);
        }
    }

    public override Span<byte> GetSpan() => new(_memory, Size);

    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)_memory + elementIndex, pinnable: this);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
