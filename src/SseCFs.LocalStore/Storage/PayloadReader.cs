using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.LocalStore.Storage;

/// <summary>Reads ranges of one file's payload; only the chunks that a range touches. Not thread-safe.</summary>
internal sealed class PayloadReader : IDisposable
{
    private const int ChunksPerRead = 8;

    private readonly SafeFileHandle _file;
    private readonly long _size;
    private readonly AesGcm? _cipher;
    private readonly byte[] _sealed = [];
    private readonly byte[] _plain = [];
    private long _plainChunk = -1;
    private int _plainLength;

    /// <param name="file">Closed on dispose.</param>
    /// <param name="size">Bytes of plaintext.</param>
    /// <param name="dataKey">32 bytes, wiped here; null for a plain payload.</param>
    public PayloadReader(SafeFileHandle file, long size, byte[]? dataKey)
    {
        _file = file;
        _size = size;
        if (dataKey is null)
            return;
        _cipher = new AesGcm(dataKey, PayloadFormat.TagSize);
        CryptographicOperations.ZeroMemory(dataKey);
        _sealed = ArrayPool<byte>.Shared.Rent(PayloadFormat.SealedChunkSize * ChunksPerRead);
        _plain = ArrayPool<byte>.Shared.Rent(PayloadFormat.ChunkSize);
    }

    /// <summary>Fills the buffer from that offset; all of it must lie within the payload.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        if (_cipher is null)
        {
            ReadFile(offset, buffer);
            return;
        }
        while (!buffer.IsEmpty)
        {
            long chunk = offset / PayloadFormat.ChunkSize;
            int within = (int)(offset % PayloadFormat.ChunkSize);
            int n;
            if (within == 0 && buffer.Length >= PayloadFormat.ChunkSize)
                n = ReadWholeChunks(chunk, buffer);
            else
            {
                if (_plainChunk != chunk)
                {
                    _plainChunk = -1;
                    _plainLength = (int)Math.Min(PayloadFormat.ChunkSize, _size - chunk * PayloadFormat.ChunkSize);
                    DecryptChunks(chunk, _plain.AsSpan(0, _plainLength));
                    _plainChunk = chunk;
                }
                n = Math.Min(buffer.Length, _plainLength - within);
                _plain.AsSpan(within, n).CopyTo(buffer);
            }
            offset += n;
            buffer = buffer[n..];
        }
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
    }

    private int ReadWholeChunks(long chunk, Span<byte> buffer)
    {
        int count = Math.Min(ChunksPerRead, buffer.Length / PayloadFormat.ChunkSize);
        DecryptChunks(chunk, buffer[..(count * PayloadFormat.ChunkSize)]);
        return count * PayloadFormat.ChunkSize;
    }

    private void DecryptChunks(long chunk, Span<byte> plain)
    {
        int chunks = (plain.Length + PayloadFormat.ChunkSize - 1) / PayloadFormat.ChunkSize;
        var input = _sealed.AsSpan(0, plain.Length + chunks * PayloadFormat.TagSize);
        ReadFile(chunk * PayloadFormat.SealedChunkSize, input);
        long last = PayloadFormat.Chunks(_size) - 1;
        for (; !plain.IsEmpty; chunk++)
        {
            int n = Math.Min(PayloadFormat.ChunkSize, plain.Length);
            PayloadFormat.Decrypt(_cipher!, chunk, chunk == last, input[..(n + PayloadFormat.TagSize)], plain);
            plain = plain[n..];
            input = input[(n + PayloadFormat.TagSize)..];
        }
    }

    private void ReadFile(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int n = RandomAccess.Read(_file, buffer, offset);
            if (n == 0)
                throw new InvalidDataException("a stored file is shorter than its record says");
            offset += n;
            buffer = buffer[n..];
        }
    }
}
