using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class ProgressTests
{
    [Fact]
    public void ARekeyTellsHowFarItIsAndHowLongItWillTake()
    {
        Assert.Equal("listing the objects", RekeyCommand.Progress((0, 0), null, TimeSpan.Zero));
        Assert.Equal(
            "[####################] 100 %  0 of 0 objects, 0 B of 0 B, 0 s left",
            RekeyCommand.Progress((0, 0), (0, 0), TimeSpan.Zero));
        Assert.Equal(
            "[....................]   0 %  0 of 5,000 objects, 0 B of 1 GiB",
            RekeyCommand.Progress((0, 0), (5000, 1 << 30), TimeSpan.FromSeconds(1)));
        Assert.Equal(
            "[#####...............]  25 %  2,500 of 5,000 objects, 0 B of 1 GiB, 30 s left",
            RekeyCommand.Progress((2500, 0), (5000, 1 << 30), TimeSpan.FromSeconds(10)));
        Assert.Equal(
            "[##########..........]  50 %  2,500 of 5,000 objects, 512 MiB of 1 GiB, 50 min left",
            RekeyCommand.Progress((2500, 512 << 20), (5000, 1 << 30), TimeSpan.FromMinutes(50)));
        // Objects grow while they are looked at.
        Assert.StartsWith("[####################] 100 %", RekeyCommand.Progress((1, 20), (1, 10), TimeSpan.FromSeconds(1)), StringComparison.Ordinal);
    }
}
