using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SseCFs.Journal;

/// <summary>Reads one file of a journal up to its last commit. Not thread-safe.</summary>
internal sealed class JournalReader : IDisposable
{
    private readonly FileStream _file;
    private readonly AesGcm _cipher;
    private byte[] _payload = new byte[JournalFile.LargestPayload];
    private byte[] _record = new byte[JournalFile.LargestPayload + JournalFile.TagSize];
    private readonly long _committed;
    private readonly byte[]? _lastHead;
    private ulong _records;

    private JournalReader(FileStream file, AesGcm cipher)
    {
        _file = file;
        _cipher = cipher;
        byte[]? head = null;
        while (TryRead(_file.Length, out var type, out var payload))
        {
            if (type == JournalRecord.Head)
            {
                head = payload.ToArray();
            }
            else if (type == JournalRecord.Commit)
            {
                (_committed, _lastHead) = (_file.Position, head);
            }
        }
        UncommittedBytes = _file.Length - Math.Max(_committed, JournalFile.HeaderSize);
        _file.Position = JournalFile.HeaderSize;
        _records = 0;
    }

    /// <summary>Whether anything in it counts.</summary>
    public bool HasCommit => _committed > 0;

    /// <summary>Bytes behind the last commit: of a save that was never finished, or damaged.</summary>
    public long UncommittedBytes { get; }

    /// <returns>Null: it is no journal file, or shorter than its header.</returns>
    public static JournalReader? Open(string path, ReadOnlySpan<byte> journalKey)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            Span<byte> header = stackalloc byte[JournalFile.HeaderSize];
            if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header.StartsWith(JournalFile.Mark))
            {
                file.Dispose();
                return null;
            }
            return new JournalReader(file, JournalFile.CipherOf(journalKey, header[JournalFile.Mark.Length..], JournalFile.FilePurpose));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The next record that counts. The payload stays as it is until the next call.</summary>
    public bool TryRead(out JournalRecord type, out ReadOnlyMemory<byte> payload) => TryRead(_committed, out type, out payload);

    /// <summary>The last head that counts.</summary>
    public T? LastHead<T>(JsonTypeInfo<T> json)
        where T : class => _lastHead is null ? null : JsonSerializer.Deserialize(_lastHead, json);

    public void Dispose()
    {
        _file.Dispose();
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_payload);
    }

    private bool TryRead(long end, out JournalRecord type, out ReadOnlyMemory<byte> payload)
    {
        (type, payload) = (default, default);
        Span<byte> header = stackalloc byte[JournalFile.RecordHeaderSize];
        if (_file.Position + header.Length > end)
        {
            return false;
        }
        _file.ReadExactly(header);
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[1..]);
        if (length < 0 || length > JournalFile.LargestOf((JournalRecord)header[0]) || _file.Position + length + JournalFile.TagSize > end)
        {
            return false;
        }
        if (length > _payload.Length)
        {
            CryptographicOperations.ZeroMemory(_payload);
            (_payload, _record) = (new byte[length], new byte[length + JournalFile.TagSize]);
        }
        var record = _record.AsSpan(0, length + JournalFile.TagSize);
        _file.ReadExactly(record);
        Span<byte> nonce = stackalloc byte[12];
        JournalFile.WriteNonce(nonce, _records++);
        try
        {
            _cipher.Decrypt(nonce, record[..length], record[length..], _payload.AsSpan(0, length), header);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        (type, payload) = ((JournalRecord)header[0], _payload.AsMemory(0, length));
        return true;
    }
}
