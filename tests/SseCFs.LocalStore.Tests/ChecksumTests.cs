using System.Text;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Tests.Rows;

namespace SseCFs.LocalStore.Tests;

public sealed class ChecksumTests
{
    /// <summary>The check values of the CRC catalogue (reveng.sourceforge.io), over "123456789".</summary>
    [Theory]
    [InlineData("CRC32", "cbf43926")]
    [InlineData("CRC32C", "e3069283")]
    [InlineData("CRC64NVME", "ae8b14860a799888")]
    public void Check_values_are_right(string name, string expected)
    {
        using var checksum = new Checksum(ChecksumAlgorithms.Find(name)!.Value);
        checksum.Append("1234"u8);
        checksum.Append(Encoding.ASCII.GetBytes("56789"));
        Assert.Equal(expected, Convert.ToHexStringLower(checksum.Finish()));
    }

    [Theory]
    [InlineData("CRC32")]
    [InlineData("CRC32C")]
    [InlineData("CRC64NVME")]
    public void Checksums_of_stretches_combine_to_that_of_the_whole(string name)
    {
        var algorithm = ChecksumAlgorithms.Find(name)!.Value;
        byte[] all = Wording.Bytes(100_003);
        byte[] Sum(byte[] bytes)
        {
            using var checksum = new Checksum(algorithm);
            checksum.Append(bytes);
            return checksum.Finish();
        }
        byte[][] stretches = [all[..0], all[..1], all[1..70_000], all[70_000..]];
        Assert.Equal(Sum(all), Checksum.Combine(algorithm, stretches.Select(s => (Sum(s), (long)s.Length))));
    }
}
