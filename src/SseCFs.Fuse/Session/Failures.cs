using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>What handlers threw, for the log.</summary>
internal static class Failures
{
    /// <summary>Why a task that has ended did not succeed.</summary>
    public static Exception Of(Task ended) => ended.Exception?.InnerException ?? new OperationCanceledException();

    public static void Log(SessionLog log, Operation operation, Request request, Exception exception, int errno)
    {
        switch (exception)
        {
            case FsException fs when errno == Errno.EIO:
                log.FailedBadly(operation.Name, request.NodeId, fs.Reason, fs.Message);
                break;
            case FsException fs:
                log.Failed(request.Unique, operation.Name, request.NodeId, fs.Reason, errno, fs.Message);
                break;
            case MalformedFrameException malformed:
                log.Malformed((int)request.Length, (uint)request.Opcode, malformed.Message);
                break;
            case OperationCanceledException:
                log.Failed(request.Unique, operation.Name, request.NodeId, FsError.Interrupted, errno, "interrupted");
                break;
            default:
                log.Unexpected(operation.Name, request.NodeId, exception);
                break;
        }
    }
}
