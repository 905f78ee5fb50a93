using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SseCFs.LocalStore.Checksums;

/// <summary>One checksum over bytes as they come.</summary>
internal sealed class Checksum : IDisposable
{
    private readonly Crc? _crc;
    private readonly IncrementalHash? _hash;
    private ulong _value;

    public Checksum(ChecksumAlgorithm algorithm)
    {
        Algorithm = algorithm;
        _crc = CrcOf(algorithm);
        _hash = algorithm switch
        {
            ChecksumAlgorithm.Sha1 => IncrementalHash.CreateHash(HashAlgorithmName.SHA1),
            ChecksumAlgorithm.Sha256 => IncrementalHash.CreateHash(HashAlgorithmName.SHA256),
            _ => null,
        };
    }

    public ChecksumAlgorithm Algorithm { get; }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (_crc is not null)
            _value = _crc.Append(_value, data);
        else
            _hash!.AppendData(data);
    }

    public byte[] Finish() => _crc is null ? _hash!.GetHashAndReset() : ToBytes(_value, _crc.Width);

    /// <summary>The checksum of a whole object from those of its parts, for CRCs; (value, bytes) in order.</summary>
    public static byte[] Combine(ChecksumAlgorithm algorithm, IEnumerable<(byte[] Value, long Length)> parts)
    {
        var crc = CrcOf(algorithm) ?? throw new ArgumentException("only CRCs can be combined", nameof(algorithm));
        ulong sum = 0;
        foreach (var (value, length) in parts)
            sum = crc.Combine(sum, crc.Width == 64 ? BinaryPrimitives.ReadUInt64BigEndian(value) : BinaryPrimitives.ReadUInt32BigEndian(value), length);
        return ToBytes(sum, crc.Width);
    }

    /// <summary>The checksum of the parts' checksums, as a composite one is.</summary>
    public static byte[] Compose(ChecksumAlgorithm algorithm, IEnumerable<byte[]> parts)
    {
        using var checksum = new Checksum(algorithm);
        foreach (byte[] part in parts)
            checksum.Append(part);
        return checksum.Finish();
    }

    public void Dispose() => _hash?.Dispose();

    private static Crc? CrcOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => Crc.Crc32,
        ChecksumAlgorithm.Crc32C => Crc.Crc32C,
        ChecksumAlgorithm.Crc64Nvme => Crc.Crc64Nvme,
        _ => null,
    };

    private static byte[] ToBytes(ulong value, int width)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes[(8 - width / 8)..];
    }
}
