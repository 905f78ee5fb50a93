using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// How a sealed payload lies in its file: chunks of 64 KiB of plaintext, each AES-256-GCM with a 16-byte tag behind it. The nonce
/// is the chunk's number (each file has a key of its own); the last chunk says so in its associated data, so that neither order
/// nor end can be changed unnoticed. An empty payload is one empty chunk.
/// </summary>
internal static class PayloadFormat
{
    public const int ChunkSize = 64 << 10;
    public const int TagSize = 16;
    public const int SealedChunkSize = ChunkSize + TagSize;
    private const int NonceSize = 12;

    /// <summary>Bytes in the file for that many bytes of plaintext.</summary>
    public static long SealedSize(long size) => size + Chunks(size) * TagSize;

    public static long Chunks(long size) => Math.Max(1, (size + ChunkSize - 1) / ChunkSize);

    public static void Encrypt(AesGcm cipher, long chunk, bool last, ReadOnlySpan<byte> plain, Span<byte> sealedChunk)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce, chunk);
        cipher.Encrypt(nonce, plain, sealedChunk[..plain.Length], sealedChunk.Slice(plain.Length, TagSize), [last ? (byte)1 : (byte)0]);
    }

    /// <summary>Throws <see cref="AuthenticationTagMismatchException"/> where the file was changed.</summary>
    public static void Decrypt(AesGcm cipher, long chunk, bool last, ReadOnlySpan<byte> sealedChunk, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce, chunk);
        int length = sealedChunk.Length - TagSize;
        cipher.Decrypt(nonce, sealedChunk[..length], sealedChunk[length..], plain[..length], [last ? (byte)1 : (byte)0]);
    }

    private static void WriteNonce(Span<byte> nonce, long chunk)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], chunk);
    }
}
