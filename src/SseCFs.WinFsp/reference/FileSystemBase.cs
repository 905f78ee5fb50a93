using System.Security.AccessControl;
using Fsp.Interop;

namespace Fsp;

/// <summary>Every operation is refused, as in the original, until it is overridden.</summary>
public partial class FileSystemBase
{
    /// <summary>Unused. In a class that derives from this one, its name hides other types of that name, as with the original.</summary>
    public class DirectoryBuffer : IDisposable
    {
        public void Dispose()
        {
        }
    }

    public virtual int ExceptionHandler(Exception ex) => STATUS_UNEXPECTED_IO_ERROR;

    public virtual int Init(object Host) => STATUS_SUCCESS;

    public virtual int Mounted(object Host) => STATUS_SUCCESS;

    public virtual void Unmounted(object Host)
    {
    }

    public virtual void DispatcherStopped(bool Normally)
    {
    }

    public virtual int GetVolumeInfo(out VolumeInfo VolumeInfo)
    {
        VolumeInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int GetSecurityByName(string FileName, out uint FileAttributes, ref byte[] SecurityDescriptor)
    {
        FileAttributes = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int CreateEx(
        string FileName, uint CreateOptions, uint GrantedAccess, uint FileAttributes, byte[] SecurityDescriptor, ulong AllocationSize, nint ExtraBuffer, uint ExtraLength,
        bool ExtraBufferIsReparsePoint, out object FileNode, out object FileDesc, out FileInfo FileInfo, out string NormalizedName)
    {
        (FileNode, FileDesc, FileInfo, NormalizedName) = (null, null, default, null);
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int Open(
        string FileName, uint CreateOptions, uint GrantedAccess, out object FileNode, out object FileDesc, out FileInfo FileInfo, out string NormalizedName)
    {
        (FileNode, FileDesc, FileInfo, NormalizedName) = (null, null, default, null);
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int OverwriteEx(
        object FileNode, object FileDesc, uint FileAttributes, bool ReplaceFileAttributes, ulong AllocationSize, nint Ea, uint EaLength, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual void Cleanup(object FileNode, object FileDesc, string FileName, uint Flags)
    {
    }

    public virtual void Close(object FileNode, object FileDesc)
    {
    }

    public virtual int Read(object FileNode, object FileDesc, nint Buffer, ulong Offset, uint Length, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int Write(
        object FileNode, object FileDesc, nint Buffer, ulong Offset, uint Length, bool WriteToEndOfFile, bool ConstrainedIo, out uint BytesTransferred, out FileInfo FileInfo)
    {
        (BytesTransferred, FileInfo) = (0, default);
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int Flush(object FileNode, object FileDesc, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int GetFileInfo(object FileNode, object FileDesc, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int SetBasicInfo(
        object FileNode, object FileDesc, uint FileAttributes, ulong CreationTime, ulong LastAccessTime, ulong LastWriteTime, ulong ChangeTime, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int SetFileSize(object FileNode, object FileDesc, ulong NewSize, bool SetAllocationSize, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int CanDelete(object FileNode, object FileDesc, string FileName) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int Rename(object FileNode, object FileDesc, string FileName, string NewFileName, bool ReplaceIfExists) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int GetSecurity(object FileNode, object FileDesc, ref byte[] SecurityDescriptor) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int SetSecurity(object FileNode, object FileDesc, AccessControlSections Sections, byte[] SecurityDescriptor) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int ReadDirectory(object FileNode, object FileDesc, string Pattern, string Marker, nint Buffer, uint Length, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int GetDirInfoByName(object FileNode, object FileDesc, string FileName, out string NormalizedName, out FileInfo FileInfo)
    {
        (NormalizedName, FileInfo) = (null, default);
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int GetReparsePointByName(string FileName, bool IsDirectory, ref byte[] ReparseData) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int GetReparsePoint(object FileNode, object FileDesc, string FileName, ref byte[] ReparseData) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int SetReparsePoint(object FileNode, object FileDesc, string FileName, byte[] ReparseData) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int DeleteReparsePoint(object FileNode, object FileDesc, string FileName, byte[] ReparseData) => STATUS_INVALID_DEVICE_REQUEST;

    public virtual int GetEa(object FileNode, object FileDesc, nint Ea, uint EaLength, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

    public virtual int SetEa(object FileNode, object FileDesc, nint Ea, uint EaLength, out FileInfo FileInfo)
    {
        FileInfo = default;
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}
