using Fsp;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Tests.Support;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Security;

namespace SseCFs.WinFsp.Tests.Callbacks;

public sealed class Mounting : MountTest
{
    private static readonly DriveOptions Options = new() { Label = "documents", Owners = new Owners(SecurityIds.OfUid(1000), null, null), NetworkName = @"\ssecfs\documents" };

    [Fact]
    public async Task Without_WinFsp_there_is_a_message_that_says_where_to_get_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "WinFsp may be installed here");
        var error = await Assert.ThrowsAsync<DriveMountException>(() => DriveMount.MountAsync(Mount.Files, null, Options, NullLogger.Instance));
        Assert.Equal(DriveMountFailure.WinFspMissing, error.Reason);
        Assert.Contains("https://winfsp.dev", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_drive_says_what_it_is()
    {
        var drive = new DriveFileSystem(Mount.Files, Options, NullLogger.Instance);
        using var host = new FileSystemHost(drive);
        Assert.Equal(FileSystemBase.STATUS_SUCCESS, drive.Init(host));
        Assert.Equal((@"\ssecfs\documents", "SseCFs", 1000u), (host.Prefix, host.FileSystemName, host.FileInfoTimeout));
        Assert.True(host is { CaseSensitiveSearch: false, CasePreservedNames: true, PersistentAcls: true, ReparsePoints: true, ExtendedAttributes: true, PostCleanupWhenModifiedOnly: true });
        Assert.Equal(FileSystemBase.STATUS_SUCCESS, drive.GetVolumeInfo(out var volume));
        Assert.True(volume.FreeSize >= 1UL << 40);
    }
}
