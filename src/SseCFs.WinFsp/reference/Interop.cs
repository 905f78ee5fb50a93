namespace Fsp.Interop;

public struct FileInfo
{
    public uint FileAttributes;
    public uint ReparseTag;
    public ulong AllocationSize;
    public ulong FileSize;
    public ulong CreationTime;
    public ulong LastAccessTime;
    public ulong LastWriteTime;
    public ulong ChangeTime;
    public ulong IndexNumber;
    public uint HardLinks;
    internal uint _eaSize;

    public uint EaSize
    {
        readonly get => _eaSize;
        set => _eaSize = value;
    }
}

public struct VolumeInfo
{
    public ulong TotalSize;
    public ulong FreeSize;
    // Not public in the original either: "out VolumeInfo" must begin with default.
    internal string _volumeLabel;

    public void SetVolumeLabel(string Value) => _volumeLabel = Value;
}

public struct NotifyInfo
{
    public string FileName;
    public NotifyAction Action;
    public NotifyFilter Filter;
}

public enum NotifyAction : uint
{
    Added = 1,
    Removed = 2,
    Modified = 3,
    RenamedOldName = 4,
    RenamedNewName = 5,
}

[Flags]
public enum NotifyFilter : uint
{
    None = 0,
    ChangeFileName = 1,
    ChangeDirName = 2,
    ChangeName = 3,
    ChangeAttributes = 4,
    ChangeSize = 8,
    ChangeLastWrite = 0x10,
}
