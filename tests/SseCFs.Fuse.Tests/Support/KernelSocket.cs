using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Tests.Support;

/// <summary>A frame as it came to the kernel. Error is a negative errno, or a notification's code.</summary>
internal sealed record Reply(ulong Unique, int Error, byte[] Body)
{
    public T As<T>() where T : unmanaged
    {
        Assert.Equal(Unsafe.SizeOf<T>(), Body.Length);
        return MemoryMarshal.Read<T>(Body);
    }
}

/// <summary>Plays the kernel: the other end of a SOCK_SEQPACKET pair, which keeps frames apart as /dev/fuse does.</summary>
internal sealed unsafe partial class KernelSocket : IDisposable
{
    public const int MaxWrite = 65536;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(1 << 20, pinned: true);
    private ulong _lastUnique;
    private int _fd;

    public KernelSocket(IFileSystem fileSystem, FuseMountOptions? options = null, ILogger? logger = null)
    {
        const int AF_UNIX = 1, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0x80000, SOL_SOCKET = 1, SO_RCVTIMEO = 20;
        var pair = stackalloc int[2];
        Assert.Equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
        _fd = pair[0];
        var timeout = stackalloc long[2] { (long)Patience.TotalSeconds, 0 };
        Assert.Equal(0, setsockopt(_fd, SOL_SOCKET, SO_RCVTIMEO, timeout, 16));
        Session = FuseMount.Serve(
            fileSystem, pair[1], options ?? new FuseMountOptions { MaxWrite = MaxWrite }, logger ?? NullLogger.Instance);
        // The callers in these frames are no threads of this machine.
        Session.Interruptions.Mean = _ => true;
    }

    public FuseSession Session { get; }

    /// <summary>Whose requests are sent.</summary>
    public uint Thread { get; set; } = 4242;

    /// <summary>The kernel and the session have said INIT.</summary>
    public static KernelSocket Initialized(IFileSystem fileSystem, FuseMountOptions? options = null, ILogger? logger = null)
    {
        var kernel = new KernelSocket(fileSystem, options, logger);
        var reply = kernel.Call(Opcode.Init, 0, Body(7u, 45u, 131072u, 0xFFFF_FFFFu, new byte[48]));
        Assert.Equal(0, reply.Error);
        return kernel;
    }

    /// <summary>Puts a body together from numbers of their own sizes, texts (ended by NUL) and bytes.</summary>
    public static byte[] Body(params object[] parts)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var part in parts)
        {
            switch (part)
            {
                case uint number: writer.Write(number); break;
                case ulong number: writer.Write(number); break;
                case byte[] bytes: writer.Write(bytes); break;
                case string text: writer.Write(System.Text.Encoding.UTF8.GetBytes(text + "\0")); break;
                default: throw new ArgumentException(part.GetType().Name);
            }
        }
        return stream.ToArray();
    }

    /// <summary>Sends a request from user 1000, group 1001.</summary>
    public ulong Send(Opcode opcode, ulong node, byte[] body)
    {
        // As in the kernel: requests count in twos, an interrupt has the request's number plus one.
        var unique = _lastUnique += 2;
        SendRaw(Frame(opcode, unique, node, body, Thread));
        return unique;
    }

    public static byte[] Frame(Opcode opcode, ulong unique, ulong node, byte[] body, uint thread = 4242) =>
        Body((uint)(40 + body.Length), (uint)opcode, unique, node, 1000u, 1001u, thread, 0u, body);

    public void SendRaw(byte[] frame)
    {
        fixed (byte* start = frame)
        {
            Assert.Equal(frame.Length, write(_fd, start, (nuint)frame.Length));
        }
    }

    public Reply Receive()
    {
        var length = ReceiveRaw();
        Assert.True(length >= 16, $"no frame came: {length}");
        var header = MemoryMarshal.Read<OutHeader>(_received);
        Assert.Equal((uint)length, header.Length);
        return new Reply(header.Unique, header.Error, _received[16..length]);
    }

    /// <summary>Into a buffer that is used again, without an allocation.</summary>
    public int ReceiveRaw() => (int)read(_fd, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_received, 0), (nuint)_received.Length);

    public Reply Call(Opcode opcode, ulong node, byte[] body)
    {
        var unique = Send(opcode, node, body);
        var reply = Receive();
        Assert.Equal(unique, reply.Unique);
        return reply;
    }

    /// <summary>What came so far is all that came: shown by a STATFS, which is answered next.</summary>
    public void AssertSilent()
    {
        var unique = Send(Opcode.StatFs, 1, []);
        Assert.Equal(unique, Receive().Unique);
    }

    /// <summary>As unmounting does.</summary>
    public void Close()
    {
        if (_fd >= 0)
        {
            _ = close(_fd);
            _fd = -1;
        }
    }

    public void Dispose() => Close();

    [LibraryImport("libc")]
    private static partial int socketpair(int domain, int type, int protocol, int* fds);

    [LibraryImport("libc")]
    private static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc")]
    private static partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
