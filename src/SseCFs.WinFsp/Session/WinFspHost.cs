using Fsp;
using Fsp.Interop;

namespace SseCFs.WinFsp.Session;

/// <summary>WinFsp itself.</summary>
internal sealed class WinFspHost(FileSystemHost host) : IDriveHost
{
    /// <summary>Milliseconds that a rename under way is waited for.</summary>
    private const uint NotifyTimeout = 500;

    public ulong CurrentRequest => host.GetOperationRequestHint();

    public void AnswerRead(ulong request, int status, uint bytes) => host.SendReadResponse(request, status, bytes);

    public void AnswerWrite(ulong request, int status, uint bytes, ref FileInfo info) => host.SendWriteResponse(request, status, bytes, ref info);

    public void AnswerReadDirectory(ulong request, int status, uint bytes) => host.SendReadDirectoryResponse(request, status, bytes);

    public bool TryNotify(NotifyInfo[] changes)
    {
        if (host.NotifyBegin(NotifyTimeout) == FileSystemBase.STATUS_CANT_WAIT)
        {
            return false;
        }
        try
        {
            _ = host.Notify(changes);
        }
        finally
        {
            _ = host.NotifyEnd();
        }
        return true;
    }
}
