using Fsp.Interop;

namespace SseCFs.WinFsp.Session;

/// <summary>What WinFsp offers to a file system while it serves. FileSystemHost's methods are not virtual; tests stand in its place here. Thread-safe.</summary>
internal interface IDriveHost
{
    /// <summary>What an answer that comes later is to be sent with. To be asked within the request.</summary>
    ulong CurrentRequest { get; }

    void AnswerRead(ulong request, int status, uint bytes);

    void AnswerWrite(ulong request, int status, uint bytes, ref FileInfo info);

    void AnswerReadDirectory(ulong request, int status, uint bytes);

    /// <summary>Tells programs that watch folders, and drops what the driver remembers.</summary>
    /// <returns>False: the driver is busy with a rename; try again.</returns>
    bool TryNotify(NotifyInfo[] changes);
}
