using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>The answers. Each returns false if the kernel did not take it, and what it would have counted is to be undone.</summary>
internal sealed unsafe partial class Request
{
    // The header and the largest struct that is ever sent (CREATE's).
    private const int ReplySize = 16 + 144;

    // writev(2) takes no more vectors than this (UIO_MAXIOV).
    private const int MaxVectors = 1024;

    private readonly byte[] _reply = GC.AllocateArray<byte>(ReplySize, pinned: true);
    private IoVector[] _vectors = GC.AllocateArray<IoVector>(17, pinned: true);
    private MemoryHandle[] _pins = new MemoryHandle[16];
    private DirectoryReply? _directory;

    /// <summary>Where READ puts its answer; released when it has been sent.</summary>
    public ReadSegments Segments { get; } = new();

    /// <summary>Where READDIR and READDIRPLUS put their answer.</summary>
    public DirectoryReply Directory => _directory ??= new DirectoryReply();

    public bool ReplyEmpty() => TryClaimReply() && Send(0, structSize: 0, payload: 0, vectors: 1);

    /// <param name="errno">Positive.</param>
    public bool ReplyError(int errno) => TryClaimReply() && Send(-errno, structSize: 0, payload: 0, vectors: 1);

    public bool Reply<T>(in T value) where T : unmanaged
    {
        if (!TryClaimReply())
        {
            return false;
        }
        MemoryMarshal.Write(_reply.AsSpan(16), in value);
        return Send(0, Unsafe.SizeOf<T>(), payload: 0, vectors: 1);
    }

    public bool ReplyBytes(ReadOnlyMemory<byte> bytes)
    {
        if (!TryClaimReply())
        {
            return false;
        }
        using var pin = bytes.Pin();
        _vectors[1] = new IoVector { Base = pin.Pointer, Length = (nuint)bytes.Length };
        return Send(0, structSize: 0, bytes.Length, vectors: 2);
    }

    /// <summary>Sends <see cref="Segments"/> from where they lie, without a copy.</summary>
    public bool ReplySegments()
    {
        if (!TryClaimReply())
        {
            return false;
        }
        var count = Segments.Count;
        if (count >= MaxVectors)
        {
            return ReplySegmentsJoined();
        }
        if (_pins.Length < count)
        {
            _pins = new MemoryHandle[Segments.Count * 2];
            _vectors = GC.AllocateArray<IoVector>(1 + _pins.Length, pinned: true);
        }
        try
        {
            for (var i = 0; i < count; i++)
            {
                var memory = Segments[i];
                // The memory is pinned already, by contract; asking costs nothing then, and is right where it is not.
                _pins[i] = memory.Pin();
                _vectors[1 + i] = new IoVector { Base = _pins[i].Pointer, Length = (nuint)memory.Length };
            }
            return Send(0, structSize: 0, Segments.Length, 1 + count);
        }
        finally
        {
            for (var i = 0; i < count; i++)
            {
                _pins[i].Dispose();
            }
        }
    }

    private bool ReplySegmentsJoined()
    {
        var length = Segments.Length;
        var joined = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var at = 0;
            for (var i = 0; i < Segments.Count; i++)
            {
                Segments[i].Span.CopyTo(joined.AsSpan(at));
                at += Segments[i].Length;
            }
            fixed (byte* start = joined)
            {
                _vectors[1] = new IoVector { Base = start, Length = (nuint)length };
                return Send(0, structSize: 0, length, vectors: 2);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    /// <param name="error">0 or a negative errno.</param>
    /// <param name="structSize">Bytes of the struct behind the header in <see cref="_reply"/>.</param>
    /// <param name="payload">Bytes in the vectors from 1 on.</param>
    /// <param name="vectors">Vectors, with the one of the header.</param>
    private bool Send(int error, int structSize, int payload, int vectors)
    {
        var header = new OutHeader { Length = (uint)(16 + structSize + payload), Error = error, Unique = Unique };
        MemoryMarshal.Write(_reply, in header);
        _vectors[0] = new IoVector
        {
            Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_reply, 0),
            Length = (nuint)(16 + structSize),
        };
        fixed (IoVector* start = _vectors)
        {
            var errno = session.Device.Send(start, vectors);
            if (errno == 0)
            {
                session.Log.Answered(Unique, Opcode, error, header.Length);
                return true;
            }
            return HandleRefusal(errno, error);
        }
    }

    private bool HandleRefusal(int errno, int error)
    {
        // ENOENT: the kernel gave the request up (its connection was aborted). ENODEV, EPERM, EPIPE: no connection any more.
        if (errno is Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.EPIPE)
        {
            return false;
        }
        // Anything else leaves the caller waiting for ever, so it must still get an answer.
        session.Log.ReplyRefused(Unique, Opcode, errno);
        if (error == 0)
        {
            Send(-Errno.EIO, structSize: 0, payload: 0, vectors: 1);
        }
        return false;
    }
}
