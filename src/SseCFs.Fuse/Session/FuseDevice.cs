using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SseCFs.Fuse.Native;

namespace SseCFs.Fuse.Session;

/// <summary>
/// The open connection to the kernel: one frame per read(2), one per writev(2), both atomic. Thread-safe. Disposed only
/// after every reader has returned, since a read that is under way keeps the connection open.
/// </summary>
internal sealed unsafe class FuseDevice : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly int _fd;

    /// <param name="fd">/dev/fuse with a mount behind it, or a SOCK_SEQPACKET socket; owned from here on.</param>
    public FuseDevice(int fd)
    {
        _fd = fd;
        _handle = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Blocks until a frame is there.</summary>
    /// <param name="buffer">Pinned.</param>
    /// <returns>Its length, 0 when a socket's other end is closed, or a negative errno.</returns>
    public int Receive(byte[] buffer)
    {
        var read = Libc.read(_fd, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0), (nuint)buffer.Length);
        return read >= 0 ? (int)read : -Marshal.GetLastPInvokeError();
    }

    /// <returns>0, or a positive errno.</returns>
    public int Send(IoVector* vectors, int count) =>
        Libc.writev(_fd, vectors, count) >= 0 ? 0 : Marshal.GetLastPInvokeError();

    public void Dispose() => _handle.Dispose();
}
