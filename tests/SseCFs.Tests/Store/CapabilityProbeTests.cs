using SseCFs.LocalStore;
using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>The table of <c>ssecfs check</c>: what each dialect is found to be, and that nothing is left behind.</summary>
public sealed class CapabilityProbeTests
{
    [Fact]
    public Task AwsDoesEverything() => FindAsync(new AwsService(), []);

    [Fact]
    public Task Ceph16CopiesPartsOnly() => FindAsync(new Ceph16Service(), ["copy", "copy: source key checked", "conditions on completing", "conditions on DELETE"]);

    [Fact]
    public Task Ceph18CopiesPartsOnly() => FindAsync(new Ceph18Service(), ["copy", "copy: source key checked", "conditions on completing", "conditions on DELETE"]);

    [Fact]
    public Task Ceph20DoesEverything() => FindAsync(new Ceph20Service(), []);

    [Fact]
    public async Task TheRealServiceIsFitForAMount()
    {
        await using var service = new RealService();
        if (service.Missing is { } reason)
            Assert.Skip(reason);
        await service.InitializeAsync();
        var rows = await new CapabilityProbe(service.Store, "some/prefix/").RunAsync(CancellationToken.None);
        Assert.DoesNotContain(rows, row => row.Result == ProbeResult.Bad);
        Assert.Empty((await service.Store.ListAsync("", null, null, 10, CancellationToken.None)).Objects);
    }

    [Theory]
    [InlineData(FaultKind.NoEcho, "encrypted write")]
    [InlineData(FaultKind.AccessDenied, "access")]
    public async Task AServiceThatCannotIsBad(FaultKind kind, string row)
    {
        await using var service = new Ceph16Service();
        await service.InitializeAsync();
        service.Server.SetFaults(new Fault(kind));
        var rows = await new CapabilityProbe(service.Store, "").RunAsync(CancellationToken.None);
        Assert.Equal((row, ProbeResult.Bad), (rows[^1].Name, rows[^1].Result));
        service.Server.SetFaults();
        Assert.Empty((await service.Store.ListAsync("", null, null, 10, CancellationToken.None)).Objects);
    }

    private static async Task FindAsync(EmbeddedService service, string[] limited)
    {
        await using var owned = service;
        await service.InitializeAsync();
        var rows = await new CapabilityProbe(service.Store, "some/prefix/").RunAsync(CancellationToken.None);
        Assert.DoesNotContain(rows, row => row.Result == ProbeResult.Bad);
        Assert.Equal(limited, rows.Where(row => row.Result == ProbeResult.Limited).Select(row => row.Name));
        Assert.All(rows, row => Assert.NotEmpty(row.Detail));
        Assert.Equal(
            (service.Copies, true, service.CompletesConditionally),
            (service.Store.Capabilities.Copy, service.Store.Capabilities.PartCopy, service.Store.Capabilities.CompleteConditions));
        Assert.Empty((await service.Store.ListAsync("", null, null, 10, CancellationToken.None)).Objects);
    }
}
