using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SseCFs.Fuse.Wire;

/// <summary>
/// Reads what follows the header of one request, front to back. Structs are copied out; names and data are slices of
/// the frame. Whatever does not fit is a <see cref="MalformedFrameException"/>.
/// </summary>
internal ref struct FrameReader(ReadOnlyMemory<byte> body)
{
    private ReadOnlyMemory<byte> _rest = body;

    public T Read<T>() where T : unmanaged
    {
        if (_rest.Length < Unsafe.SizeOf<T>())
        {
            ThrowTooShort(Unsafe.SizeOf<T>());
        }
        var value = MemoryMarshal.Read<T>(_rest.Span);
        _rest = _rest[Unsafe.SizeOf<T>()..];
        return value;
    }

    /// <summary>A name, without the NUL that ends it. Empty names do not occur.</summary>
    public ReadOnlyMemory<byte> ReadName()
    {
        var length = _rest.Span.IndexOf((byte)0);
        if (length <= 0)
        {
            ThrowBadName();
        }
        var name = _rest[..length];
        _rest = _rest[(length + 1)..];
        return name;
    }

    public ReadOnlyMemory<byte> ReadBytes(uint length)
    {
        if (length > (uint)_rest.Length)
        {
            ThrowTooShort(length);
        }
        var bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return bytes;
    }

    [DoesNotReturn]
    private readonly void ThrowTooShort(long wanted) =>
        throw new MalformedFrameException($"the frame ends {wanted - _rest.Length} bytes early");

    [DoesNotReturn]
    private static void ThrowBadName() => throw new MalformedFrameException("a name is empty or not ended by NUL");
}

/// <summary>The kernel's frame contradicts linux/fuse.h; the request is answered with EIO.</summary>
internal sealed class MalformedFrameException(string message) : Exception(message);
