using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>The programs that people use, as Debian ships them; skipped where one is not installed.</summary>
public sealed class ClientTests
{
    private static readonly byte[] Big = Wording.Bytes(20_000_000), Small = "a small file\n"u8.ToArray();

    /// <summary>32 printable bytes, as rclone takes them.</summary>
    private const string PrintableKey = "0123456789abcdefghijklmnopqrstuv";

    [Theory]
    [InlineData("aws")]
    [InlineData("ceph20")]
    public async Task The_aws_command_copies_lists_moves_and_removes(string dialect)
    {
        Require("aws");
        await using var store = await TestStore.StartAsync(Dialect.Parse(dialect));
        string folder = Prepare(store);
        File.WriteAllBytes(Path.Combine(folder, "key"), Key(1));
        string[] sse = ["--sse-c", "AES256", "--sse-c-key", "fileb://key", "--no-progress"];
        Task<string> Aws(params string[] arguments) => RunAsync(store, "aws", ["--endpoint-url", store.Server.Address.ToString(), "s3", .. arguments]);

        var copied = await Record.ExceptionAsync(() => Aws(["cp", "--recursive", "tree", "s3://bucket/t", .. sse]));
        Assert.SkipWhen(
            copied?.Message.Contains("CompleteMultipartUpload operation: The provided encryption parameters did not match", StringComparison.Ordinal) is true,
            "this aws command is one of those that send no key when they complete an upload, which Ceph 20 wants");
        Assert.Null(copied);
        var list = await Aws("ls", "--recursive", "s3://bucket");
        Assert.Contains("20000000 t/big", list, StringComparison.Ordinal);
        Assert.Contains("13 t/dir/ü small+file", list, StringComparison.Ordinal);
        await Aws(["mv", "s3://bucket/t/big", "s3://bucket/moved", .. sse, "--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", "fileb://key"]);
        await Aws(["cp", "s3://bucket/moved", "back", .. sse]);
        Assert.Equal(Big, await File.ReadAllBytesAsync(Path.Combine(folder, "back")));
        Assert.Equal(Small, (await store.S3.GetAsync("t/dir/ü small+file", Keys(1))).Body);
        Assert.Equal(400, (await store.S3.GetAsync("moved")).Status);
        await Aws("rm", "--recursive", "s3://bucket");
        await Aws("rb", "s3://bucket");
    }

    [Theory]
    [InlineData("aws")]
    [InlineData("ceph16")]
    public async Task Rclone_copies_checks_and_moves_over_TLS(string dialect)
    {
        Require("rclone");
        string authority = Path.GetTempFileName();
        using X509Certificate2 certificate = TestStore.MakeCertificate(authority);
        await using var store = await TestStore.StartAsync(Dialect.Parse(dialect), o => o with { Certificate = certificate });
        string folder = Prepare(store);
        // The Go SDK inside refuses to send keys over plain HTTP, hence TLS.
        File.WriteAllText(Path.Combine(folder, "rclone.conf"), $"""
            [r]
            type = s3
            provider = Other
            access_key_id = {TestStore.AccessKey}
            secret_access_key = {TestStore.SecretKey}
            endpoint = {store.Server.Address}
            sse_customer_algorithm = AES256
            sse_customer_key = {PrintableKey}
            """);
        Task<string> Rclone(params string[] arguments) =>
            RunAsync(store, "rclone", ["--config", "rclone.conf", "--ca-cert", authority, "--retries", "1", .. arguments]);

        await Rclone("copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "6M", "tree", "r:bucket/t");
        await Rclone("check", "--download", "tree", "r:bucket/t");
        Assert.Equal(["big", "dir/", "dir/ü small+file"], (await Rclone("lsf", "-R", "r:bucket/t")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        if (dialect == "aws")
        {
            await Rclone("moveto", "r:bucket/t/dir/ü small+file", "r:bucket/moved");
            Assert.Equal(Encoding.UTF8.GetString(Small), await Rclone("cat", "r:bucket/moved"));
        }
        Assert.True(store.Server.Counts[Operation.UploadPart] >= 4);
        Assert.DoesNotContain(ObjectTests.FilesOf(store), f => f.AsSpan().IndexOf(Small) >= 0);
        File.Delete(authority);
    }

    [Fact]
    public async Task S3fs_mounts_writes_and_reads_back_after_a_remount()
    {
        Require("s3fs");
        Assert.SkipUnless(File.Exists("/dev/fuse") && Environment.UserName == "root", "needs /dev/fuse, as root");
        await using var store = await TestStore.StartAsync();
        string folder = Prepare(store), mount = Directory.CreateDirectory(Path.Combine(folder, "mount")).FullName;
        await WritePrivateAsync(Path.Combine(folder, "password"), $"{TestStore.AccessKey}:{TestStore.SecretKey}");
        await WritePrivateAsync(Path.Combine(folder, "key"), Convert.ToBase64String(Encoding.ASCII.GetBytes(PrintableKey)));
        // s3fs 1.90 starts a multipart upload without the key, and S3 then refuses its parts: hence nomultipart.
        string options = $"passwd_file={folder}/password,url={store.Server.Address.ToString().TrimEnd('/')},use_path_request_style,nomultipart,use_sse=custom:{folder}/key";
        await MountedAsync(async () =>
        {
            await RunAsync(store, "cp", ["-r", "tree", "mount/t"]);
            await RunAsync(store, "mv", ["mount/t/dir/ü small+file", "mount/moved"]);
            await RunAsync(store, "chmod", ["640", "mount/moved"]);
        });
        await MountedAsync(async () =>
        {
            Assert.Equal(Small, await File.ReadAllBytesAsync(Path.Combine(mount, "moved")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Path.Combine(mount, "moved")));
            await RunAsync(store, "cmp", ["tree/big", "mount/t/big"]);
        });
        Assert.Equal(400, (await store.S3.HeadAsync("moved")).Status);
        Assert.DoesNotContain(ObjectTests.FilesOf(store), f => f.AsSpan().IndexOf(Small) >= 0);

        async Task MountedAsync(Func<Task> work)
        {
            await RunAsync(store, "s3fs", ["bucket", "mount", "-o", options]);
            try
            {
                await work();
            }
            finally
            {
                await RunAsync(store, "fusermount3", ["-u", "mount"]);
            }
        }
    }

    private static void Require(string program) => Assert.SkipUnless(
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(p => File.Exists(Path.Combine(p, program))), $"{program} is not installed");

    /// <summary>A folder beside the store's with tree/big and tree/dir/..., in which programs run.</summary>
    private static string Prepare(TestStore store)
    {
        string folder = Directory.CreateDirectory(Path.Combine(store.Folder, "work")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "tree", "dir"));
        File.WriteAllBytes(Path.Combine(folder, "tree", "big"), Big);
        File.WriteAllBytes(Path.Combine(folder, "tree", "dir", "ü small+file"), Small);
        return folder;
    }

    private static async Task WritePrivateAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<string> RunAsync(TestStore store, string program, string[] arguments)
    {
        string folder = Path.Combine(store.Folder, "work");
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment.Clear();
        foreach (var (name, value) in H("PATH", Environment.GetEnvironmentVariable("PATH")!, "HOME", folder, "LC_ALL", "C.UTF-8", "AWS_EC2_METADATA_DISABLED", "true",
            "AWS_ACCESS_KEY_ID", TestStore.AccessKey, "AWS_SECRET_ACCESS_KEY", TestStore.SecretKey, "AWS_DEFAULT_REGION", "us-east-1"))
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            string text = await output;
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{text}\n{await error}");
            return text;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
