using System.Buffers.Binary;

namespace SseCFs.LocalStore.Checksums;

/// <summary>
/// A reflected CRC of 32 or 64 bits with all-ones start and end, eight bytes a step by tables. Tables are made once per polynomial.
/// </summary>
internal sealed class Crc
{
    /// <summary>CRC-32/ISO-HDLC, the one of zlib.</summary>
    public static Crc Crc32 { get; } = new(32, 0xEDB88320);

    /// <summary>CRC-32/ISCSI (Castagnoli).</summary>
    public static Crc Crc32C { get; } = new(32, 0x82F63B78);

    /// <summary>CRC-64/NVME, S3's default since 2025.</summary>
    public static Crc Crc64Nvme { get; } = new(64, 0x9A6C9329AC4BC9B5);

    private readonly ulong _polynomial;
    private readonly ulong[] _tables = new ulong[8 * 256];

    private Crc(int width, ulong reflectedPolynomial)
    {
        Width = width;
        _polynomial = reflectedPolynomial;
        for (uint n = 0; n < 256; n++)
        {
            ulong c = n;
            for (int bit = 0; bit < 8; bit++)
                c = (c & 1) != 0 ? (c >> 1) ^ reflectedPolynomial : c >> 1;
            _tables[n] = c;
        }
        for (int k = 1; k < 8; k++)
        {
            for (int n = 0; n < 256; n++)
            {
                ulong before = _tables[(k - 1) * 256 + n];
                _tables[k * 256 + n] = (before >> 8) ^ _tables[before & 0xff];
            }
        }
    }

    /// <summary>Bits.</summary>
    public int Width { get; }

    private ulong Ones => ulong.MaxValue >> (64 - Width);

    /// <param name="crc">Of the bytes before; 0 at the start.</param>
    /// <param name="data">The bytes to add.</param>
    public ulong Append(ulong crc, ReadOnlySpan<byte> data)
    {
        ulong[] t = _tables;
        crc ^= Ones;
        while (data.Length >= 8)
        {
            ulong x = crc ^ BinaryPrimitives.ReadUInt64LittleEndian(data);
            crc = t[0x700 + (byte)x] ^ t[0x600 + (byte)(x >> 8)] ^ t[0x500 + (byte)(x >> 16)] ^ t[0x400 + (byte)(x >> 24)]
                ^ t[0x300 + (byte)(x >> 32)] ^ t[0x200 + (byte)(x >> 40)] ^ t[0x100 + (byte)(x >> 48)] ^ t[x >> 56];
            data = data[8..];
        }
        foreach (byte b in data)
            crc = (crc >> 8) ^ t[(byte)(crc ^ b)];
        return crc ^ Ones;
    }

    /// <summary>
    /// The CRC of two stretches of bytes, from theirs: the first times x^(8 * bytes of the second) modulo the polynomial, plus
    /// the second (the start and end values cancel out, as in zlib's crc32_combine).
    /// </summary>
    public ulong Combine(ulong first, ulong second, long secondLength)
    {
        ulong power = 1UL << (Width - 1 - 8); // x^8 in reflected order, where the highest bit is x^0
        ulong factor = 1UL << (Width - 1);
        for (long n = secondLength; n > 0; n >>= 1)
        {
            if ((n & 1) != 0)
                factor = Multiply(factor, power);
            power = Multiply(power, power);
        }
        return Multiply(first, factor) ^ second;
    }

    private ulong Multiply(ulong a, ulong b)
    {
        ulong product = 0;
        for (ulong bit = 1UL << (Width - 1); bit != 0; bit >>= 1)
        {
            if ((a & bit) != 0)
                product ^= b;
            b = (b & 1) != 0 ? (b >> 1) ^ _polynomial : b >> 1;
        }
        return product;
    }
}
