using System.Net.Sockets;
using System.Text;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>What a crash can leave, and what the next start makes of it.</summary>
public sealed class CrashTests
{
    private static readonly byte[] Old = Wording.Bytes(100_000, 1), New = Wording.Bytes(200_000, 2);

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_the_old_object_and_no_file()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", Old, Keys(1));
        await BreakOffAsync(store.S3);
        Assert.Equal(Old, (await store.S3.GetAsync("o", Keys(1))).Body);
        string temporary = Path.Combine(store.Data, "tmp");
        for (int i = 0; i < 100 && Directory.GetFiles(temporary).Length > 0; i++)
            await Task.Delay(50);
        Assert.Empty(Directory.GetFiles(temporary));
    }

    [Fact]
    public async Task Files_that_were_being_written_are_removed_at_the_next_start()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", Old, Keys(1));
        string left = Path.Combine(store.Data, "tmp", "left-over");
        await store.RestartAsync(() => File.WriteAllBytes(left, New));
        Assert.False(File.Exists(left));
        Assert.Equal(Old, (await store.S3.GetAsync("o", Keys(1))).Body);
    }

    [Fact]
    public async Task Parts_that_no_object_and_no_upload_names_are_removed()
    {
        await using var store = await TestStore.StartAsync();
        string parts = Path.Combine(store.Data, "buckets", "bucket", "multipart");
        string orphan = Path.Combine(parts, "0123");
        await store.RestartAsync(() =>
        {
            Directory.CreateDirectory(orphan);
            File.WriteAllBytes(Path.Combine(orphan, "1.0"), New);
        });
        Assert.False(Directory.Exists(orphan));
    }

    [Fact]
    public async Task A_crash_right_after_Complete_leaves_the_object_and_no_upload()
    {
        await using var store = await TestStore.StartAsync();
        string upload = await store.S3.CreateUploadAsync("m", Keys(1));
        string document = Path.Combine(store.Data, "buckets", "bucket", "multipart", upload, "upload.json");
        byte[] saved = await File.ReadAllBytesAsync(document);
        var part = await store.S3.UploadPartAsync("m", upload, 1, New, Keys(1));
        await store.S3.CompleteAsync("m", upload, [part.ETag], Keys(1));
        // As it is when the object was renamed into place, and nothing came after.
        await store.RestartAsync(() => File.WriteAllBytes(document, saved));
        Assert.Equal(New, (await store.S3.GetAsync("m", Keys(1))).Body);
        Assert.Empty((await store.S3.GetAsync("", query: "uploads")).Elements("UploadId"));
        Assert.Equal(404, (await store.S3.SendAsync("DELETE", "m", "uploadId=" + upload)).Status);
        Assert.Equal(New, (await store.S3.GetAsync("m", Keys(1))).Body);
    }

    [Fact]
    public async Task A_file_that_is_no_object_is_left_alone_and_does_not_stop_the_start()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", Old, Keys(1));
        string path = Path.Combine(store.Data, "buckets", "bucket", "objects", "half");
        await store.RestartAsync(() => File.WriteAllBytes(path, New));
        Assert.True(File.Exists(path));
        Assert.Equal(["o"], (await store.S3.GetAsync("")).Elements("Key"));

        string upload = await store.S3.CreateUploadAsync("m", Keys(1));
        await store.S3.UploadPartAsync("m", upload, 1, Old, Keys(1));
        await store.RestartAsync(() => File.WriteAllBytes(Path.Combine(store.Data, "buckets", "bucket", "multipart", upload, "2.half"), New));
        Assert.Equal(["1"], (await store.S3.GetAsync("m", query: "uploadId=" + upload)).Elements("PartNumber"));
    }

    [Fact]
    public async Task A_durable_store_serves_the_same()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { Durable = true });
        await store.S3.PutAsync("o", Old, Keys(1));
        await store.S3.UploadAsync("m", Keys(1), New);
        await store.S3.PutAsync("gone", New, Keys(1));
        await store.S3.DeleteAsync("gone");
        await store.RestartAsync();
        Assert.Equal(["m", "o"], (await store.S3.GetAsync("")).Elements("Key"));
        Assert.Equal(New, (await store.S3.GetAsync("m", Keys(1))).Body);
    }

    /// <summary>Sends half of a PUT's body, then closes the connection.</summary>
    private static async Task BreakOffAsync(S3Session s3)
    {
        var now = s3.Now;
        var headers = s3.HeadersToSign(Merge(Keys(1), H("content-length", $"{New.Length}")), New, now);
        string authorization = s3.Signer.Sign("PUT", "/bucket/o", "", headers, headers["x-amz-content-sha256"], now).Authorization;
        using var client = new TcpClient();
        await client.ConnectAsync(s3.Endpoint.Host, s3.Endpoint.Port);
        var stream = client.GetStream();
        string head = $"PUT /bucket/o HTTP/1.1\r\nAuthorization: {authorization}\r\n{string.Concat(headers.Select(h => $"{h.Key}: {h.Value}\r\n"))}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(New.AsMemory(0, New.Length / 2));
        await Task.Delay(200);
    }
}
