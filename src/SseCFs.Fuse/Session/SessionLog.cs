using Microsoft.Extensions.Logging;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>What a session logs; event ids 3000 to 3099. Never names of files: those are the user's.</summary>
internal sealed partial class SessionLog(ILogger logger)
{
    [LoggerMessage(3000, LogLevel.Information, "serving FUSE {Major}.{Minor}, flags 0x{Flags:x}, writes of up to {MaxWrite} bytes")]
    public partial void Serving(uint major, uint minor, uint flags, uint maxWrite);

    [LoggerMessage(3001, LogLevel.Error, "the kernel speaks FUSE {Major}.{Minor}; {OldestMajor}.{OldestMinor} (Linux 5.2) or later is needed")]
    public partial void TooOld(uint major, uint minor, uint oldestMajor, uint oldestMinor);

    [LoggerMessage(3002, LogLevel.Trace, "request {Unique}: {Operation} of inode {Inode}, {Length} bytes")]
    public partial void Received(ulong unique, string operation, ulong inode, uint length);

    [LoggerMessage(3003, LogLevel.Trace, "request {Unique}: {Opcode} answered, error {Error}, {Length} bytes")]
    public partial void Answered(ulong unique, Opcode opcode, int error, uint length);

    [LoggerMessage(3004, LogLevel.Debug, "request {Unique}: {Operation} of inode {Inode} fails with {Reason} (errno {Errno}): {Message}")]
    public partial void Failed(ulong unique, string operation, ulong inode, FsError reason, int errno, string message);

    [LoggerMessage(3005, LogLevel.Warning, "{Operation} of inode {Inode} fails with an I/O error ({Reason}): {Message}")]
    public partial void FailedBadly(string operation, ulong inode, FsError reason, string message);

    [LoggerMessage(3006, LogLevel.Error, "{Operation} of inode {Inode} failed unexpectedly; the program sees EIO")]
    public partial void Unexpected(string operation, ulong inode, Exception exception);

    [LoggerMessage(3007, LogLevel.Error, "{Operation} of inode {Inode} ended without an answer; the program sees EIO")]
    public partial void Unanswered(string operation, ulong inode);

    [LoggerMessage(3008, LogLevel.Error, "malformed frame of {Length} bytes, opcode {Opcode}: {Reason}")]
    public partial void Malformed(int length, uint opcode, string reason);

    [LoggerMessage(3009, LogLevel.Debug, "request {Unique}: unknown opcode {Opcode}, answered ENOSYS")]
    public partial void UnknownOpcode(ulong unique, uint opcode);

    [LoggerMessage(3010, LogLevel.Error, "the kernel refused the answer to request {Unique} ({Opcode}) with errno {Errno}")]
    public partial void ReplyRefused(ulong unique, Opcode opcode, int errno);

    [LoggerMessage(3011, LogLevel.Warning, "the kernel refused an invalidation for inode {Inode} with errno {Errno}")]
    public partial void NotificationRefused(ulong inode, int errno);

    [LoggerMessage(3012, LogLevel.Error, "reading requests failed with errno {Errno}; serving ends")]
    public partial void ReadFailed(int errno);

    [LoggerMessage(3013, LogLevel.Information, "serving has ended")]
    public partial void Ended();

    [LoggerMessage(3014, LogLevel.Warning, "files of {Directory} are still open; they are served until this process ends")]
    public partial void StillInUse(string directory);
}
