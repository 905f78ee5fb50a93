using System.Globalization;
using System.Text;
using IoAttributes = System.IO.FileAttributes;

namespace SseCFs.WinFsp.Metadata;

/// <summary>
/// Attributes of Windows. Read-only is the mode's: the owner may read and not write. Hidden, system and archive are kept in an extended attribute, once a program sets them to
/// something else than files (archive) and folders (none) have anyway.
/// </summary>
internal static class DosAttributes
{
    /// <summary>The extended attribute; its value is the bits as hexadecimal digits after 0x.</summary>
    public const string Name = "user.ssecfs.dos";

    private const IoAttributes Kept = IoAttributes.Hidden | IoAttributes.System | IoAttributes.Archive;

    private const uint OwnerRead = 0x100;
    private const uint OwnerWrite = 0x80;
    private const uint AnyWrite = 0x92;

    public static ReadOnlyMemory<byte> NameBytes { get; } = Encoding.UTF8.GetBytes(Name);

    /// <summary>As Windows is shown them.</summary>
    /// <param name="kept">The extended attribute's value; null if there is none.</param>
    public static uint Of(in Attributes attributes, ReadOnlyMemory<byte>? kept)
    {
        var type = attributes.Mode & FileType.Mask;
        var result = kept is { } value && TryParse(value.Span, out var bits) ? bits : DefaultOf(attributes.IsDirectory);
        if (type is not (FileType.Regular or FileType.Directory or FileType.SymbolicLink))
        {
            result |= IoAttributes.System;
        }
        if (attributes.IsDirectory)
        {
            result |= IoAttributes.Directory;
        }
        else if (type == FileType.SymbolicLink)
        {
            result |= IoAttributes.ReparsePoint;
        }
        else if (IsReadOnly(attributes))
        {
            result |= IoAttributes.ReadOnly;
        }
        // Windows' search would put what is in the files into its index, in plaintext on this machine's disk.
        return (uint)(result | IoAttributes.NotContentIndexed);
    }

    /// <summary>The mode that a file has with these attributes; folders have none without write permission, as Windows takes the attribute for something else there.</summary>
    public static uint ModeWith(uint attributes, uint mode) => (mode & FileType.Mask) != FileType.Regular ? mode
        : ((IoAttributes)attributes & IoAttributes.ReadOnly) != 0 ? mode & ~AnyWrite
        : IsReadOnly(mode) ? mode | OwnerWrite
        : mode;

    /// <summary>The extended attribute's value; null: none is needed.</summary>
    public static byte[]? ToKeep(uint attributes, bool isDirectory)
    {
        var bits = (IoAttributes)attributes & Kept;
        return bits == DefaultOf(isDirectory) ? null : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"0x{(uint)bits:x}"));
    }

    /// <summary>Neither written nor deleted; folders and links never are.</summary>
    public static bool IsReadOnly(in Attributes attributes) => (attributes.Mode & FileType.Mask) is not (FileType.Directory or FileType.SymbolicLink) && IsReadOnly(attributes.Mode);

    /// <summary>With neither, nobody has the key, or nobody is to get in: then it can still be deleted.</summary>
    private static bool IsReadOnly(uint mode) => (mode & (OwnerRead | OwnerWrite)) == OwnerRead;

    private static IoAttributes DefaultOf(bool isDirectory) => isDirectory ? 0 : IoAttributes.Archive;

    private static bool TryParse(ReadOnlySpan<byte> value, out IoAttributes bits)
    {
        var isNumber = uint.TryParse(value.StartsWith("0x"u8) ? value[2..] : [], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number);
        bits = (IoAttributes)number & Kept;
        return isNumber;
    }
}
