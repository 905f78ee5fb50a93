using System.Buffers.Binary;
using System.Security.Cryptography;
using SseCFs.Store;

namespace SseCFs.Journal;

/// <summary>
/// The format of a journal's files: a mark and a salt, then records, each encrypted (AES-256-GCM) under a key made of the journal's and the salt, with its number as
/// nonce. What the tag does not confirm is not read: neither a torn tail nor a changed byte goes unnoticed. A record counts once a commit follows it.
/// </summary>
internal static class JournalFile
{
    /// <summary>Bytes of payload that a record holds at most, a head excepted.</summary>
    public const int LargestPayload = 1 << 20;

    /// <summary>
    /// Bytes of a head at most. It names every part of an upload, which are 10,000 at most, with some 200 bytes for each and the ETag, which some
    /// services make longer than others.
    /// </summary>
    public const int LargestHead = LargestPayload + 1024 * IObjectStore.MaximumParts;

    public const int SaltSize = 32;
    public const int HeaderSize = 8 + SaltSize;
    public const int RecordHeaderSize = 5;
    public const int TagSize = 16;

    public static ReadOnlySpan<byte> Mark => "SSECFSJ1"u8;

    /// <summary>Of the key of one file.</summary>
    public static ReadOnlySpan<byte> FilePurpose => "ssecfs journal file"u8;

    /// <summary>Of the key that wraps the journal's.</summary>
    public static ReadOnlySpan<byte> WrappingPurpose => "ssecfs journal key"u8;

    /// <summary>Works with a key made of another for one purpose (HKDF with SHA-256).</summary>
    public static AesGcm CipherOf(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose)
    {
        Span<byte> made = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, made, salt, purpose);
        try
        {
            return new AesGcm(made, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(made);
        }
    }

    /// <summary>Bytes of payload that such a record holds at most.</summary>
    public static int LargestOf(JournalRecord type) => type == JournalRecord.Head ? LargestHead : LargestPayload;

    public static void WriteNonce(Span<byte> nonce, ulong number)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, number);
    }
}

/// <summary>What a record is.</summary>
internal enum JournalRecord : byte
{
    /// <summary>A <see cref="SavedHead"/> or a <see cref="RenameIntent"/> as JSON.</summary>
    Head = 1,

    /// <summary>The offset in the file (8 bytes, little endian), then bytes that are there.</summary>
    Data = 2,

    /// <summary>The offset and the length (8 bytes each) of zeros.</summary>
    Zeros = 3,

    /// <summary>Everything before it counts.</summary>
    Commit = 4,
}
