namespace SseCFs.LocalStore.Checksums;

/// <summary>The checksums of x-amz-checksum-*.</summary>
internal enum ChecksumAlgorithm
{
    Crc32,
    Crc32C,
    Crc64Nvme,
    Sha1,
    Sha256,
}

internal static class ChecksumAlgorithms
{
    public static IReadOnlyList<ChecksumAlgorithm> All { get; } = Enum.GetValues<ChecksumAlgorithm>();

    /// <summary>As x-amz-checksum-algorithm names it.</summary>
    public static string Name(this ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "CRC32",
        ChecksumAlgorithm.Crc32C => "CRC32C",
        ChecksumAlgorithm.Crc64Nvme => "CRC64NVME",
        ChecksumAlgorithm.Sha1 => "SHA1",
        _ => "SHA256",
    };

    /// <summary>The header or trailer that carries the value, in base64.</summary>
    public static string Header(this ChecksumAlgorithm algorithm) => "x-amz-checksum-" + algorithm.Name().ToLowerInvariant();

    /// <summary>The element that carries the value in documents.</summary>
    public static string Element(this ChecksumAlgorithm algorithm) => "Checksum" + algorithm.Name();

    public static int Length(this ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C => 4,
        ChecksumAlgorithm.Crc64Nvme => 8,
        ChecksumAlgorithm.Sha1 => 20,
        _ => 32,
    };

    public static ChecksumAlgorithm? Find(string? name)
    {
        foreach (var algorithm in All)
        {
            if (algorithm.Name().Equals(name, StringComparison.OrdinalIgnoreCase))
                return algorithm;
        }
        return null;
    }
}
