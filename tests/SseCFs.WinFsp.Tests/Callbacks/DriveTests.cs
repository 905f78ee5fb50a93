using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Tests.Store;
using SseCFs.WinFsp.Callbacks;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Tests.Support;

namespace SseCFs.WinFsp.Tests.Callbacks;

/// <summary>What programs of Windows do on a drive, on the embedded store and on a real Ceph. Each test has a folder of the bucket to itself.</summary>
public abstract partial class DriveTests(Service service) : IAsyncLifetime
{
    private readonly string _prefix = $"t{Guid.NewGuid():N}/";
    private SseFileSystem _files = null!;

    private protected Drive Drive { get; private set; } = null!;

    /// <summary>For what a program can neither ask for nor see; on another drive, a test that needs it is skipped.</summary>
    private protected Driver StandIn
    {
        get
        {
            Assert.SkipUnless(Drive is Driver, "only the driver itself asks for this");
            return (Driver)Drive;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (service.Missing is not null)
        {
            if (Environment.GetEnvironmentVariable("SSECFS_REQUIRE_REAL") is not null)
            {
                Assert.Fail(service.Missing);
            }
            Assert.Skip(service.Missing);
        }
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Drive is not null)
        {
            await Drive.DisposeAsync();
            await _files.DisposeAsync();
        }
        GC.SuppressFinalize(this);
    }

    private protected DriveOptions Options { get; set; } = new()
    {
        Label = "test",
        Owners = new Owners(SecurityIds.OfUid(1000), null, null),
        Uid = 1000,
        Gid = 1000,
    };

    /// <summary>Stores everything, and begins anew with nothing in memory.</summary>
    private protected async Task RemountAsync()
    {
        await Drive.DisposeAsync();
        Assert.Equal(0, await _files.DrainAsync(default));
        await _files.DisposeAsync();
        await StartAsync();
    }

    private protected async Task WriteAsync(string path, byte[] data)
    {
        var (file, _) = await Drive.CreateAsync(path, SseCFs.WinFsp.Wire.Disposition.OverwriteIf);
        if (data.Length > 0)
        {
            await Drive.WriteAsync(file, 0, data);
        }
        await Drive.CloseAsync(file);
    }

    private protected async Task<byte[]> ReadAsync(string path)
    {
        var file = await Drive.OpenAsync(path, SseCFs.WinFsp.Wire.Access.ReadData);
        var data = await Drive.ReadAsync(file, 0, 1 << 20);
        await Drive.CloseAsync(file);
        return data;
    }

    private protected async Task<List<string>> ListAsync(string path = "\\", string? pattern = null)
    {
        var folder = await Drive.OpenAsync(path, SseCFs.WinFsp.Wire.Access.ReadData);
        var names = (await Drive.ListAsync(folder, pattern)).ConvertAll(one => one.Name);
        await Drive.CloseAsync(folder);
        return names;
    }

    private protected async Task MakeFolderAsync(string path) =>
        await Drive.CloseAsync((await Drive.CreateAsync(path, SseCFs.WinFsp.Wire.Disposition.Create, Fsp.FileSystemBase.FILE_DIRECTORY_FILE)).File);

    private protected static async Task RefusedAsync(int status, Func<Task> request)
    {
        var refusal = await Assert.ThrowsAsync<NtException>(request);
        Assert.True(status == refusal.Status, $"0x{status:x} is due, not {refusal.Message}");
    }

    /// <summary>By the core itself, as a mount of POSIX has it.</summary>
    private protected SseFileSystem Posix => _files;

    private protected virtual ValueTask<Drive> ConnectAsync(SseFileSystem files, DriveOptions options) =>
        ValueTask.FromResult<Drive>(new Driver(new DriveFileSystem(files, options, NullLogger.Instance)));

    private async ValueTask StartAsync()
    {
        _files = new SseFileSystem(
            service.Store,
            new SseFileSystemOptions { Prefix = _prefix, Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, IsReadOnly = Options.IsReadOnly, KeepCreationTime = true },
            null,
            TimeProvider.System,
            NullLogger<SseFileSystem>.Instance);
        Drive = await ConnectAsync(_files, Options);
    }
}

public sealed class DriveOnRealServiceTests(RealService service) : DriveTests(service), IClassFixture<RealService>;

public sealed class DriveOnAwsTests(AwsService service) : DriveTests(service), IClassFixture<AwsService>;

public sealed class DriveOnCeph18Tests(Ceph18Service service) : DriveTests(service), IClassFixture<Ceph18Service>;

/// <summary>On a drive letter, through WinFsp.</summary>
public sealed class DriveOnLetterTests(AwsService service) : DriveTests(service), IClassFixture<AwsService>
{
    private protected override async ValueTask<Drive> ConnectAsync(SseFileSystem files, DriveOptions options)
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "drives have letters on Windows only");
        return OperatingSystem.IsWindows() ? await MountedDrive.MountAsync(files, options) : null!;
    }
}
