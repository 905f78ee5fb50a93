using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Logging;

/// <summary>
/// A log file that other processes may append to, and logrotate may truncate (copytruncate). With O_APPEND (open(2)) each write goes to
/// the current end of the file; FileMode.Append writes at an offset that it remembers. One writer at a time.
/// </summary>
internal sealed class AppendedFile : Stream
{
    /// <summary>Characters. A line that fits is one write, and no other process' line comes into it.</summary>
    private const int LongestWholeLine = 32 << 10;

    private readonly SafeFileHandle _file;

    private AppendedFile(SafeFileHandle file) => _file = file;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Text that is appended whenever it is flushed. The file is made for its owner only: names of files are in it.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Its folder does not let it be made or opened.</exception>
    public static StreamWriter OpenText(string path)
    {
        Stream file = OperatingSystem.IsWindows()
            ? new FileStream(path, PrivateFile.ToWrite(FileMode.Append, FileShare.ReadWrite | FileShare.Delete))
            : new AppendedFile(Open(path));
        return new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), LongestWholeLine);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = Libc.Write(_file, buffer);
            if (written < 0 && Marshal.GetLastPInvokeError() is var errno and not Libc.EINTR)
            {
                throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
            }
            buffer = buffer[(int)Math.Max(written, 0)..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is kept here.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }
        base.Dispose(disposing);
    }

    private static SafeFileHandle Open(string path)
    {
        const UnixFileMode itsOwners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var fd = Libc.open(path, Libc.O_WRONLY | Libc.O_APPEND | Libc.O_CREAT | Libc.O_CLOEXEC, (uint)itsOwners);
        if (fd >= 0)
        {
            return new SafeFileHandle(fd, ownsHandle: true);
        }
        var errno = Marshal.GetLastPInvokeError();
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(errno)}";
        throw errno is Libc.EACCES or Libc.EPERM ? new UnauthorizedAccessException(message) : new IOException(message);
    }
}
