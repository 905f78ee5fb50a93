using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// Writes one file below the store's temporary folder: payload (sealed or plain), then the record. Nobody sees it until it is
/// moved to its place; not moved, it is removed on dispose. Not thread-safe.
/// </summary>
internal sealed class PayloadWriter : IDisposable
{
    private const int ChunksPerWrite = 8;

    private readonly SafeFileHandle _file;
    private readonly AesGcm? _cipher;
    private readonly byte[] _plain = [];
    private readonly byte[] _sealed = [];
    private long _offset;
    private long _chunk;
    private int _pending;
    private bool _moved;

    /// <param name="path">A name that nobody uses.</param>
    /// <param name="dataKey">32 bytes, wiped here once the cipher has it; null writes plaintext.</param>
    public PayloadWriter(string path, byte[]? dataKey)
    {
        Path = path;
        // Windows renames an open file only if it is shared for deletion.
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);
        if (dataKey is null)
            return;
        _cipher = new AesGcm(dataKey, PayloadFormat.TagSize);
        CryptographicOperations.ZeroMemory(dataKey);
        _plain = ArrayPool<byte>.Shared.Rent(PayloadFormat.ChunkSize * ChunksPerWrite);
        _sealed = ArrayPool<byte>.Shared.Rent(PayloadFormat.SealedChunkSize * ChunksPerWrite);
    }

    public string Path { get; private set; }

    /// <summary>Bytes of plaintext so far.</summary>
    public long Size { get; private set; }

    public void Write(ReadOnlySpan<byte> data)
    {
        Size += data.Length;
        if (_cipher is null)
        {
            RandomAccess.Write(_file, data, _offset);
            _offset += data.Length;
            return;
        }
        while (!data.IsEmpty)
        {
            // A full buffer waits for the next byte: the very last chunk is sealed as such.
            if (_pending == PayloadFormat.ChunkSize * ChunksPerWrite)
                Flush(last: false);
            int n = Math.Min(data.Length, PayloadFormat.ChunkSize * ChunksPerWrite - _pending);
            data[..n].CopyTo(_plain.AsSpan(_pending));
            _pending += n;
            data = data[n..];
        }
    }

    /// <summary>Ends the payload and writes the record behind it.</summary>
    public void Finish<T>(T record, JsonTypeInfo<T> type, bool durable)
    {
        if (_cipher is not null)
            Flush(last: true);
        RecordFile.Append(_file, _offset, record, type);
        if (durable)
            RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Moves the file to its name, over what is there. Durable only once the folder is synced.</summary>
    public void MoveTo(string path)
    {
        File.Move(Path, path, overwrite: true);
        Path = path;
        _moved = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        _cipher?.Dispose();
        if (_plain.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_plain, clearArray: true);
            ArrayPool<byte>.Shared.Return(_sealed);
        }
        if (!_moved)
            File.Delete(Path);
    }

    private void Flush(bool last)
    {
        int from = 0, to = 0;
        do
        {
            int n = Math.Min(PayloadFormat.ChunkSize, _pending - from);
            PayloadFormat.Encrypt(_cipher!, _chunk++, last && from + n == _pending, _plain.AsSpan(from, n), _sealed.AsSpan(to, n + PayloadFormat.TagSize));
            from += n;
            to += n + PayloadFormat.TagSize;
        }
        while (from < _pending);
        RandomAccess.Write(_file, _sealed.AsSpan(0, to), _offset);
        _offset += to;
        _pending = 0;
    }
}
