using Fsp.Interop;

namespace Fsp;

/// <summary>Mounts nowhere: there is no WinFsp here.</summary>
public class FileSystemHost : IDisposable
{
    private readonly FileSystemBase _fileSystem;

    public FileSystemHost(FileSystemBase FileSystem) => _fileSystem = FileSystem;

    public ushort SectorSize { get; set; }
    public ushort SectorsPerAllocationUnit { get; set; }
    public ushort MaxComponentLength { get; set; }
    public uint FileInfoTimeout { get; set; }
    public bool CaseSensitiveSearch { get; set; }
    public bool CasePreservedNames { get; set; }
    public bool UnicodeOnDisk { get; set; }
    public bool PersistentAcls { get; set; }
    public bool ReparsePoints { get; set; }
    public bool ExtendedAttributes { get; set; }
    public bool PostCleanupWhenModifiedOnly { get; set; }
    public bool PassQueryDirectoryPattern { get; set; }
    public bool PassQueryDirectoryFileName { get; set; }
    public bool FlushAndPurgeOnCleanup { get; set; }
    public bool SupportsPosixUnlinkRename { get; set; }
    public string Prefix { get; set; }
    public string FileSystemName { get; set; }

    public void Dispose()
    {
    }

    public int MountEx(string MountPoint, uint ThreadCount, byte[] SecurityDescriptor = null, bool Synchronized = false, uint DebugLog = 0) =>
        throw new PlatformNotSupportedException();

    public void Unmount()
    {
    }

    public string MountPoint() => throw new PlatformNotSupportedException();

    public FileSystemBase FileSystem() => _fileSystem;

    public ulong GetOperationRequestHint() => throw new PlatformNotSupportedException();

    public void SendReadResponse(ulong RequestHint, int Status, uint BytesTransferred) => throw new PlatformNotSupportedException();

    public void SendWriteResponse(ulong RequestHint, int Status, uint BytesTransferred, ref FileInfo FileInfo) => throw new PlatformNotSupportedException();

    public void SendReadDirectoryResponse(ulong RequestHint, int Status, uint BytesTransferred) => throw new PlatformNotSupportedException();

    public int NotifyBegin(uint Timeout) => throw new PlatformNotSupportedException();

    public int NotifyEnd() => throw new PlatformNotSupportedException();

    public int Notify(NotifyInfo[] NotifyInfoArray) => throw new PlatformNotSupportedException();
}
