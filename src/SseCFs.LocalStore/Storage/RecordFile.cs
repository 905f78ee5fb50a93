using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// The file of an object or part: payload, then its record in JSON, then the record's length (4 bytes, little-endian) and a mark of 8 bytes.
/// The record is last because ETag and size are known only when the payload has been through; one file, because
/// one rename then makes both visible at once.
/// </summary>
internal static class RecordFile
{
    private static ReadOnlySpan<byte> Mark => "SSECFS01"u8;

    private const int FooterSize = 4 + 8;

    /// <summary>Bytes of a record, far above what headers of 64 KiB and 10,000 parts make.</summary>
    private const int LargestRecord = 64 << 20;

    public static void Append<T>(SafeFileHandle file, long offset, T record, JsonTypeInfo<T> type)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(record, type);
        byte[] tail = new byte[json.Length + FooterSize];
        json.CopyTo(tail, 0);
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(json.Length), json.Length);
        Mark.CopyTo(tail.AsSpan(json.Length + 4));
        RandomAccess.Write(file, tail, offset);
    }

    /// <summary>Reads the record at the end of a file; <see cref="InvalidDataException"/> where there is none.</summary>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        using var file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(file);
        Span<byte> footer = stackalloc byte[FooterSize];
        if (length < FooterSize || RandomAccess.Read(file, footer, length - FooterSize) != FooterSize || !footer[4..].SequenceEqual(Mark))
            throw new InvalidDataException($"not a stored object: {path}");
        int size = BinaryPrimitives.ReadInt32LittleEndian(footer);
        if (size is <= 0 or > LargestRecord || size > length - FooterSize)
            throw new InvalidDataException($"not a stored object: {path}");
        byte[] json = new byte[size];
        RandomAccess.Read(file, json, length - FooterSize - size);
        return JsonSerializer.Deserialize(json, type) ?? throw new InvalidDataException($"not a stored object: {path}");
    }
}
