using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SseCFs.Fuse.Wire;

/// <summary>The outer form of a request: a header that says how long all of it is.</summary>
internal static class Frame
{
    public const int HeaderSize = 40;

    /// <summary>False if the frame cannot be what the kernel meant; the header then holds as much as was there, else zeros.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, int received, out InHeader header, out string problem)
    {
        if (received < Unsafe.SizeOf<InHeader>())
        {
            header = default;
            problem = "shorter than a header";
            return false;
        }
        header = MemoryMarshal.Read<InHeader>(buffer);
        problem = header.Length == (uint)received ? "" : $"the header says {header.Length} bytes";
        return problem.Length == 0;
    }
}
