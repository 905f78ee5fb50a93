using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>NT's system calls on files, as Microsoft's documentation of the Windows driver kit has them (ntifs.h, winternl.h). All give an NTSTATUS.</summary>
internal static unsafe partial class Ntdll
{
    public const uint CaseInsensitive = 0x40;

    /// <summary>Of FILE_INFORMATION_CLASS.</summary>
    public enum Information
    {
        Basic = 4,
        Standard = 5,
        Internal = 6,
        Ea = 7,
        Name = 9,
        Rename = 10,
        Disposition = 13,
        Allocation = 19,
        EndOfFile = 20,
        AttributeTag = 35,
        IdFullDirectory = 38,
        DispositionEx = 64,
        RenameEx = 65,
    }

    [LibraryImport("ntdll.dll")]
    public static partial int NtCreateFile(
        out SafeFileHandle handle, uint access, in ObjectAttributes attributes, out IoStatus io, in long allocation, uint fileAttributes, uint share, uint disposition,
        uint options, ReadOnlySpan<byte> extended, uint extendedLength);

    [LibraryImport("ntdll.dll")]
    public static partial int NtReadFile(SafeFileHandle file, nint signal, nint apc, nint context, out IoStatus io, Span<byte> buffer, uint length, in long offset, nint key);

    [LibraryImport("ntdll.dll")]
    public static partial int NtWriteFile(SafeFileHandle file, nint signal, nint apc, nint context, out IoStatus io, ReadOnlySpan<byte> buffer, uint length, in long offset, nint key);

    [LibraryImport("ntdll.dll")]
    public static partial int NtFlushBuffersFile(SafeFileHandle file, out IoStatus io);

    [LibraryImport("ntdll.dll")]
    public static partial int NtQueryInformationFile(SafeFileHandle file, out IoStatus io, Span<byte> buffer, uint length, Information kind);

    [LibraryImport("ntdll.dll")]
    public static partial int NtSetInformationFile(SafeFileHandle file, out IoStatus io, ReadOnlySpan<byte> buffer, uint length, Information kind);

    [LibraryImport("ntdll.dll")]
    public static partial int NtQueryDirectoryFile(
        SafeFileHandle folder, nint signal, nint apc, nint context, out IoStatus io, Span<byte> buffer, uint length, Information kind, [MarshalAs(UnmanagedType.U1)] bool single,
        UnicodeString* pattern, [MarshalAs(UnmanagedType.U1)] bool restart);

    [LibraryImport("ntdll.dll")]
    public static partial int NtQueryEaFile(
        SafeFileHandle file, out IoStatus io, Span<byte> buffer, uint length, [MarshalAs(UnmanagedType.U1)] bool single, nint names, uint namesLength, nint index,
        [MarshalAs(UnmanagedType.U1)] bool restart);

    [LibraryImport("ntdll.dll")]
    public static partial int NtSetEaFile(SafeFileHandle file, out IoStatus io, ReadOnlySpan<byte> buffer, uint length);

    [LibraryImport("ntdll.dll")]
    public static partial int NtFsControlFile(
        SafeFileHandle file, nint signal, nint apc, nint context, out IoStatus io, uint code, ReadOnlySpan<byte> input, uint inputLength, Span<byte> output, uint outputLength);

    [StructLayout(LayoutKind.Sequential)]
    public struct IoStatus
    {
        public nint Status;
        public nuint Information;
    }

    /// <summary>Lengths are in bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UnicodeString
    {
        public ushort Length;
        public ushort MaximumLength;
        public char* Buffer;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ObjectAttributes
    {
        public uint Length;
        public nint Root;
        public UnicodeString* Name;
        public uint Attributes;
        public nint Security;
        public nint Quality;
    }
}
