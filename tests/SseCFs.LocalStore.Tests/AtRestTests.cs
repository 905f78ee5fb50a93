using System.Text;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>What lies on the disk: ciphertext, and never a customer's key.</summary>
public sealed class AtRestTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"top secret {i:d9} ")));

    [Fact]
    public async Task No_plaintext_and_no_key_of_an_SSE_C_object_is_on_disk()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { AccessLog = File.CreateText(Path.Combine(Path.GetDirectoryName(o.Directory)!, "access.log")), MinimumPartSize = 1 });
        await store.S3.PutAsync("put", Secret, Keys(1));
        await store.S3.UploadAsync("multipart", Keys(1), Secret, Secret);
        await store.S3.CopyAsync("put", "copy", Both(2, 1));
        string upload = await store.S3.CreateUploadAsync("pending", Keys(1));
        await store.S3.CopyPartAsync("pending", upload, 1, "put", Both(1, 1));
        await store.S3.PutAsync("plain", "this is in the clear"u8.ToArray());
        Assert.Equal(Secret, (await store.S3.GetAsync("copy", Keys(2))).Body);

        var files = Directory.EnumerateFiles(store.Folder, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "lock").Select(File.ReadAllBytes).ToList();
        Assert.Contains(files, f => f.AsSpan().IndexOf("this is in the clear"u8) >= 0);
        foreach (int key in (int[])[1, 2])
        {
            Assert.DoesNotContain(files, f => f.AsSpan().IndexOf(Key(key)) >= 0);
            Assert.DoesNotContain(files, f => f.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToBase64String(Key(key)))) >= 0);
        }
        Assert.DoesNotContain(files, f => f.AsSpan().IndexOf("top secret"u8) >= 0);
    }

    [Fact]
    public async Task Equal_contents_give_different_ciphertexts()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("a", Secret, Keys(1));
        await store.S3.PutAsync("b", Secret, Keys(1));
        var files = Objects(store).Select(f => Convert.ToHexString(File.ReadAllBytes(f).AsSpan(0, 64))).ToList();
        Assert.Equal(2, files.Distinct().Count());
    }

    [Theory]
    [InlineData("flip a byte")]
    [InlineData("swap two chunks")]
    [InlineData("drop the end")]
    public async Task A_changed_file_is_never_given_out_as_content(string change)
    {
        await using var store = await TestStore.StartAsync();
        byte[] content = Wording.Bytes(3 * (64 << 10));
        await store.S3.PutAsync("o", content, Keys(1));
        string path = Objects(store).Single();
        byte[] file = await File.ReadAllBytesAsync(path);
        const int SealedChunk = (64 << 10) + 16;
        switch (change)
        {
            case "flip a byte":
                file[SealedChunk + 5] ^= 1;
                break;
            case "swap two chunks":
                (byte[] first, byte[] second) = (file[..SealedChunk], file[SealedChunk..(2 * SealedChunk)]);
                second.CopyTo(file, 0);
                first.CopyTo(file, SealedChunk);
                break;
            default:
                // The record's size is changed along, so that only the cipher can notice.
                byte[] record = file[(3 * SealedChunk)..];
                string json = Encoding.UTF8.GetString(record[..^12]);
                byte[] changed = Encoding.UTF8.GetBytes(json.Replace($"\"Size\":{content.Length}", $"\"Size\":{content.Length - (64 << 10)}", StringComparison.Ordinal));
                Assert.Equal(record.Length - 12, changed.Length);
                file = [.. file[..(2 * SealedChunk)], .. changed, .. record[^12..]];
                break;
        }
        await File.WriteAllBytesAsync(path, file);
        await store.RestartAsync();
        byte[]? body = null;
        try
        {
            var answer = await store.S3.GetAsync("o", Keys(1));
            body = answer.Status == 200 ? answer.Body : null;
        }
        catch (HttpRequestException)
        {
            // The connection ended in the middle: the client knows.
        }
        Assert.Null(body);
    }

    private static string[] Objects(TestStore store) => Directory.GetFiles(Path.Combine(store.Data, "buckets", "bucket", "objects"));
}
