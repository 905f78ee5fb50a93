using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SseCFs.Journal;

/// <summary>Writes one file of a journal. Not thread-safe. A full disk is <see cref="FsError.NoSpace"/>, any other failure <see cref="FsError.InputOutput"/>.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly AesGcm _cipher;
    private ulong _records;

    private JournalWriter(FileStream file, AesGcm cipher)
    {
        _file = file;
        _cipher = cipher;
    }

    public string Path => _file.Name;

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <param name="path">Of a file that is not there yet.</param>
    public static JournalWriter Create(string path, ReadOnlySpan<byte> journalKey)
    {
        Span<byte> header = stackalloc byte[JournalFile.HeaderSize];
        JournalFile.Mark.CopyTo(header);
        var salt = header[JournalFile.Mark.Length..];
        RandomNumberGenerator.Fill(salt);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read | FileShare.Delete };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        try
        {
            var file = new FileStream(path, options);
            file.Write(header);
            return new JournalWriter(file, JournalFile.CipherOf(journalKey, salt, JournalFile.FilePurpose));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw JournalErrors.ToFsException(e, path);
        }
    }

    public void WriteHead<T>(T head, JsonTypeInfo<T> type) => Write(JournalRecord.Head, JsonSerializer.SerializeToUtf8Bytes(head, type));

    /// <param name="data">Up to <see cref="JournalFile.LargestPayload"/> less 8 bytes.</param>
    public void WriteData(long offset, ReadOnlySpan<byte> data)
    {
        if (!data.ContainsAnyExcept((byte)0))
        {
            WriteZeros(offset, data.Length);
            return;
        }
        var payload = ArrayPool<byte>.Shared.Rent(data.Length + 8);
        try
        {
            BinaryPrimitives.WriteInt64LittleEndian(payload, offset);
            data.CopyTo(payload.AsSpan(8));
            Write(JournalRecord.Data, payload.AsSpan(0, data.Length + 8));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(payload, clearArray: true);
        }
    }

    public void WriteZeros(long offset, long length)
    {
        Span<byte> zeros = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(zeros, offset);
        BinaryPrimitives.WriteInt64LittleEndian(zeros[8..], length);
        Write(JournalRecord.Zeros, zeros);
    }

    /// <summary>What was written so far counts.</summary>
    /// <param name="durably">It outlives a power cut once this returns, not only the process.</param>
    public void Commit(bool durably = true)
    {
        Write(JournalRecord.Commit, default);
        try
        {
            _file.Flush(flushToDisk: durably);
        }
        catch (IOException e)
        {
            throw JournalErrors.ToFsException(e, Path);
        }
    }

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // Bytes that were never committed could not be written: they do not count.
        }
        _cipher.Dispose();
    }

    private void Write(JournalRecord type, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > JournalFile.LargestOf(type))
        {
            // It could not be read again.
            throw new FsException(FsError.InputOutput, $"the journal cannot hold a record of {payload.Length} bytes ({Path})");
        }
        var length = JournalFile.RecordHeaderSize + payload.Length + JournalFile.TagSize;
        var record = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var header = record.AsSpan(0, JournalFile.RecordHeaderSize);
            header[0] = (byte)type;
            BinaryPrimitives.WriteInt32LittleEndian(header[1..], payload.Length);
            Span<byte> nonce = stackalloc byte[12];
            JournalFile.WriteNonce(nonce, _records++);
            _cipher.Encrypt(
                nonce, payload, record.AsSpan(JournalFile.RecordHeaderSize, payload.Length), record.AsSpan(JournalFile.RecordHeaderSize + payload.Length, JournalFile.TagSize), header);
            _file.Write(record, 0, length);
        }
        catch (IOException e)
        {
            throw JournalErrors.ToFsException(e, Path);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(record);
        }
    }
}
