using SseCFs.WinFsp.Wire;
using FileInfo = Fsp.Interop.FileInfo;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>What programs of Windows can ask of a drive, in the terms of NT's system calls. Refusals are <see cref="NtException"/>.</summary>
internal abstract class Drive : IAsyncDisposable
{
    public const uint AllAccess = 0x1F01FF;

    /// <summary>NtCreateFile.</summary>
    /// <returns>The handle, and whether the file was made by it.</returns>
    public abstract Task<(NtFile File, bool IsNew)> CreateAsync(
        string path, Disposition disposition, uint options = 0, uint access = AllAccess, IoAttributes attributes = IoAttributes.Normal,
        FileShare share = FileShare.ReadWrite | FileShare.Delete, byte[]? extended = null, ulong allocation = 0);

    public async Task<NtFile> OpenAsync(string path, uint access = AllAccess, uint options = 0, FileShare share = FileShare.ReadWrite | FileShare.Delete) =>
        (await CreateAsync(path, Disposition.Open, options, access, share: share)).File;

    public abstract Task<byte[]> ReadAsync(NtFile file, long offset, int length);

    public abstract Task<FileInfo> WriteAsync(NtFile file, long offset, byte[] data, bool append = false);

    /// <param name="file">Null: the whole drive.</param>
    public abstract Task FlushAsync(NtFile? file);

    public abstract Task<FileInfo> InfoAsync(NtFile file);

    public abstract Task SetInfoAsync(NtFile file, IoAttributes? attributes = null, ulong created = 0, ulong accessed = 0, ulong written = 0);

    public abstract Task<FileInfo> SetSizeAsync(NtFile file, long size, bool isAllocation = false);

    /// <summary>The name goes with its last handle.</summary>
    public abstract Task SetDeleteAsync(NtFile file, bool isToGo = true);

    /// <summary>FileDispositionInformationEx with FILE_DISPOSITION_POSIX_SEMANTICS, and the end of this handle, by which the name is gone, whoever else has one.</summary>
    public abstract Task DeletePosixAsync(NtFile file);

    /// <param name="isPosix">FILE_RENAME_POSIX_SEMANTICS: the target may be open.</param>
    public abstract Task RenameAsync(NtFile file, string newPath, bool replaces = false, bool isPosix = false);

    /// <summary>A whole folder, a buffer of so many bytes at a time.</summary>
    public abstract Task<List<(string Name, FileInfo Info)>> ListAsync(NtFile folder, string? pattern = null, int room = 1024);

    public abstract Task<(string Name, FileInfo Info)> ListOneAsync(NtFile folder, string name);

    public abstract Task<byte[]> LinkAsync(NtFile file);

    public abstract Task SetLinkAsync(NtFile file, byte[] data);

    public abstract Task RemoveLinkAsync(NtFile file);

    public abstract Task<List<(string Name, byte[] Value)>> ExtendedAsync(NtFile file);

    public abstract Task SetExtendedAsync(NtFile file, params (string Name, byte[] Value)[] attributes);

    /// <summary>NtClose.</summary>
    public abstract Task CloseAsync(NtFile file);

    /// <summary>The drive is gone, as when it is unmounted.</summary>
    public abstract ValueTask DisposeAsync();
}
