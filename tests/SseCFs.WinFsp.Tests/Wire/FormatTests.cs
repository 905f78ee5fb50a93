using SseCFs.WinFsp.Wire;
using FileInfo = Fsp.Interop.FileInfo;

namespace SseCFs.WinFsp.Tests.Wire;

/// <summary>Bytes as Windows and WinFsp define them.</summary>
public sealed class FormatTests
{
    [Fact]
    public void A_directory_record_is_laid_out_as_the_driver_reads_it()
    {
        var buffer = new byte[256];
        Array.Fill(buffer, (byte)0xEE);
        var records = new DirectoryInfoWriter(buffer);
        var info = new FileInfo
        {
            FileAttributes = 0x20,
            ReparseTag = 0xA000000C,
            AllocationSize = 0x1000,
            FileSize = 0x123,
            CreationTime = 1,
            LastAccessTime = 2,
            LastWriteTime = 3,
            ChangeTime = 4,
            IndexNumber = 5,
            HardLinks = 6,
            EaSize = 7,
        };
        Assert.True(records.TryAdd("ab€", info));
        Assert.True(records.TryEnd());
        Assert.Equal(112 + 2, records.Length);
        Assert.Equal(
            "6E00000000000000" + "20000000" + "0C0000A0" + "0010000000000000" + "2301000000000000" + "0100000000000000" + "0200000000000000" + "0300000000000000"
            + "0400000000000000" + "0500000000000000" + "06000000" + "07000000" + new string('0', 48) + "61006200AC20" + "0000" + "0000" + "EE",
            Convert.ToHexString(buffer.AsSpan(0, 115)));
    }

    [Fact]
    public void A_directory_record_that_does_not_fit_is_left_out_whole()
    {
        var records = new DirectoryInfoWriter(new byte[112 + 111]);
        Assert.True(records.TryAdd("abcd", default));
        Assert.False(records.TryAdd("a", default));
        Assert.Equal(112, records.Length);
        Assert.False(new DirectoryInfoWriter(new byte[1]).TryEnd());
    }

    [Fact]
    public void Extended_attributes_are_chained_at_multiples_of_four()
    {
        var buffer = new byte[64];
        var used = EaList.Encode([("ONE", [1, 2]), ("B", [3])], buffer);
        Assert.Equal("10000000" + "00" + "03" + "0200" + "4F4E4500" + "0102" + "0000" + "00000000" + "00" + "01" + "0100" + "4200" + "03", Convert.ToHexString(buffer.AsSpan(0, used)));
        Assert.Equal(["ONE=0102", "B=03"], EaList.Decode(buffer.AsSpan(0, used)).Select(one => $"{one.Name}={Convert.ToHexString(one.Value)}"));
        Assert.Empty(EaList.Decode([]));
    }

    [Theory]
    [InlineData("0000000000030200")]
    [InlineData("00000000000302004F4E4500")]
    [InlineData("FF00000000010000" + "4100")]
    [InlineData("000000000000000000")]
    public void A_broken_list_of_extended_attributes_is_refused(string list) =>
        Assert.Throws<StatusException>(() => EaList.Decode(Convert.FromHexString(list)));

    [Fact]
    public void A_symbolic_link_is_laid_out_as_Windows_reads_it()
    {
        var data = SymbolicLinkData.Encode(@"..\a");
        Assert.Equal("0C0000A0" + "1C00" + "0000" + "0000" + "0800" + "0800" + "0800" + "01000000" + "2E002E005C006100" + "2E002E005C006100", Convert.ToHexString(data));
        Assert.Equal(@"..\a", SymbolicLinkData.Decode(data));
    }

    [Theory]
    [InlineData("030000A0" + "0000" + "0000")]
    [InlineData("0C0000A0" + "0C00" + "0000" + "0000" + "0800" + "0800" + "0800" + "01000000")]
    [InlineData("0C0000A0" + "0E00" + "0000" + "0000" + "0200" + "0000" + "0200" + "00000000" + "6100")]
    [InlineData("0C")]
    public void Other_reparse_points_and_broken_ones_are_refused(string data) =>
        Assert.Throws<StatusException>(() => SymbolicLinkData.Decode(Convert.FromHexString(data)));

    [Theory]
    [InlineData(0, 0, 116_444_736_000_000_000)]
    [InlineData(1_700_000_000, 123_456_789, 133_444_736_001_234_567)]
    [InlineData(-11_644_473_600, 100, 1)]
    [InlineData(-20_000_000_000, 0, 1)]
    public void Times_count_from_1601(long seconds, uint nanoseconds, ulong ticks) => Assert.Equal(ticks, FileTime.From(new Timestamp(seconds, nanoseconds)));

    [Fact]
    public void A_time_of_Windows_comes_back_as_it_was()
    {
        Assert.Equal(new Timestamp(-5, 100), FileTime.To(FileTime.From(new Timestamp(-5, 100))));
        Assert.Null(FileTime.ToChange(0));
        Assert.Null(FileTime.ToChange(ulong.MaxValue));
        Assert.Equal(new Timestamp(0, 0), FileTime.ToChange(116_444_736_000_000_000));
    }
}
