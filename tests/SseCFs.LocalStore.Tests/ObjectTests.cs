using System.Security.Cryptography;
using System.Text;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>Objects: their keys, ranges, metadata, times and conditions.</summary>
public sealed class ObjectTests
{
    private const int Chunk = 64 << 10;

    [Fact]
    public async Task Any_UTF8_text_is_a_key()
    {
        await using var store = await TestStore.StartAsync();
        string[] keys =
        [
            "a", "a/", "a/b", "a//b", "//", "/", ".", "..", "../..", "a/../b", "a/./b", "ü€😀", "a b+c%20&=?#", "\u0001\t", "x\\y", "CON", "a:b*?\"<>|",
            new string('k', 1024), new string('/', 500), "ä".PadLeft(1023, 'q'),
        ];
        foreach (string key in keys)
            Assert.Equal((key, 200), (key, (await store.S3.PutAsync(key, Encoding.UTF8.GetBytes(key), Keys(1))).Status));
        await store.RestartAsync();
        foreach (string key in keys)
            Assert.Equal(key, (await store.S3.GetAsync(key, Keys(1))).Text);
        var list = await store.S3.GetAsync("", query: "encoding-type=url&list-type=2");
        Assert.Equal(keys.OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal), list.Elements("Key").Select(Uri.UnescapeDataString));
        foreach (string key in keys)
            Assert.Equal(204, (await store.S3.DeleteAsync(key)).Status);
        Assert.Equal(204, (await store.S3.SendAsync("DELETE", "", "")).Status);
    }

    [Fact]
    public async Task A_key_of_more_than_1024_bytes_is_refused()
    {
        await using var store = await TestStore.StartAsync();
        var answer = await store.S3.PutAsync(new string('k', 1023) + "ä", []);
        Assert.Equal((400, "KeyTooLongError"), (answer.Status, answer.Element("Code")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(8 * Chunk)]
    [InlineData(8 * Chunk + 1)]
    [InlineData(19 * Chunk + 77)]
    public async Task Content_comes_back_whole_and_in_ranges_over_chunk_borders(int size)
    {
        await using var store = await TestStore.StartAsync();
        byte[] content = Wording.Bytes(size, size);
        foreach (var keys in (Dictionary<string, string>?[])[null, Keys(1)])
        {
            await store.S3.PutAsync("o", content, keys);
            Assert.Equal(content, (await store.S3.GetAsync("o", keys)).Body);
            foreach (int border in (int[])[0, Chunk, 2 * Chunk, 8 * Chunk, 16 * Chunk, size])
            {
                foreach (var (first, last) in ((int, int)[])[(border - 1, border), (border - 1, border - 1), (border, border), (border - 3, border + 3 * Chunk + 5), (border - Chunk, border + 9 * Chunk)])
                {
                    if (first < 0 || first >= size)
                        continue;
                    var get = await store.S3.GetAsync("o", Merge(keys, H("Range", $"bytes={first}-{last}")));
                    int end = Math.Min(last, size - 1);
                    Assert.Equal((206, $"bytes {first}-{end}/{size}"), (get.Status, get.Header("Content-Range")));
                    Assert.Equal(content[first..(end + 1)], get.Body);
                }
            }
        }
    }

    [Fact]
    public async Task Ranges_are_read_as_RFC_9110_says()
    {
        await using var store = await TestStore.StartAsync();
        byte[] content = Wording.Bytes(1000);
        await store.S3.PutAsync("o", content, Keys(1));
        await store.S3.PutAsync("empty", [], Keys(1));
        async Task<(int, int, string?)> Ask(string key, string range)
        {
            var get = await store.S3.GetAsync(key, Merge(Keys(1), H("Range", range)));
            return (get.Status, get.Status < 300 ? get.Body.Length : 0, get.Header("Content-Range"));
        }
        Assert.Equal((206, 3, "bytes 997-999/1000"), await Ask("o", "bytes=-3"));
        Assert.Equal((206, 1000, "bytes 0-999/1000"), await Ask("o", "bytes=-5000"));
        Assert.Equal((206, 100, "bytes 900-999/1000"), await Ask("o", "bytes=900-"));
        Assert.Equal((416, 0, "bytes */1000"), await Ask("o", "bytes=1000-"));
        Assert.Equal((416, 0, "bytes */1000"), await Ask("o", "bytes=-0"));
        Assert.Equal((416, 0, "bytes */0"), await Ask("empty", "bytes=0-0"));
        Assert.Equal((200, 1000, null), await Ask("o", "bytes=5-2"));
        Assert.Equal((200, 1000, null), await Ask("o", "lines=1-2"));
        Assert.Equal((200, 0, null), await Ask("empty", "bytes"));
        var head = await store.S3.HeadAsync("o", Merge(Keys(1), H("Range", "bytes=1-10")));
        Assert.Equal((206, "10"), (head.Status, head.Header("Content-Length")));
    }

    [Fact]
    public async Task Metadata_and_headers_come_back()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", [1], Merge(Keys(1), H(
            "x-amz-meta-mode", "33188", "x-amz-meta-Mixed", "Case Kept", "Content-Type", "text/x-test", "Cache-Control", "no-store", "Content-Disposition", "attachment",
            "Content-Language", "de", "Expires", "Wed, 21 Oct 2026 07:28:00 GMT", "Content-Encoding", "gzip")));
        await store.RestartAsync();
        var head = await store.S3.HeadAsync("o", Keys(1));
        Assert.Equal(("33188", "Case Kept"), (head.Header("x-amz-meta-mode"), head.Header("x-amz-meta-mixed")));
        Assert.Equal(("text/x-test", "no-store", "attachment"), (head.Header("Content-Type"), head.Header("Cache-Control"), head.Header("Content-Disposition")));
        Assert.Equal(("de", "Wed, 21 Oct 2026 07:28:00 GMT", "gzip"), (head.Header("Content-Language"), head.Header("Expires"), head.Header("Content-Encoding")));
        var other = await store.S3.GetAsync("o", Keys(1), "response-content-type=a%2Fb");
        Assert.Equal("a/b", other.Header("Content-Type"));
        Assert.Equal("binary/octet-stream", (await PutAndHeadAsync(store.S3, "plain")).Header("Content-Type"));
    }

    [Theory]
    [InlineData("aws", "=?UTF-8?B?aMOpIOKCrA==?=")]
    [InlineData("ceph20", "h\u00c3\u00a9 \u00e2\u0082\u00ac")]
    public async Task Metadata_beyond_ASCII_comes_back_as_the_service_sends_it(string dialect, string onTheWire)
    {
        await using var store = await TestStore.StartAsync(Dialect.Parse(dialect));
        string sent = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("hé €"));
        Assert.Equal(200, (await store.S3.PutAsync("o", [1], H("x-amz-meta-name", sent))).Status);
        Assert.Equal(onTheWire, (await store.S3.HeadAsync("o")).Header("x-amz-meta-name"));
    }

    [Fact]
    public async Task Too_much_metadata_is_refused()
    {
        await using var store = await TestStore.StartAsync();
        Assert.Equal(200, (await store.S3.PutAsync("o", [1], H("x-amz-meta-a", new string('v', 2047)))).Status);
        var answer = await store.S3.PutAsync("o", [1], H("x-amz-meta-a", new string('v', 2048)));
        Assert.Equal((400, "MetadataTooLarge"), (answer.Status, answer.Element("Code")));
    }

    [Fact]
    public async Task Conditions_on_times_hold_by_the_second()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", [1]);
        string modified = (await store.S3.HeadAsync("o")).Header("Last-Modified")!;
        string before = DateTimeOffset.Parse(modified, System.Globalization.CultureInfo.InvariantCulture).AddSeconds(-1).ToString("R");
        Assert.Equal(304, (await store.S3.GetAsync("o", H("If-Modified-Since", modified))).Status);
        Assert.Equal(200, (await store.S3.GetAsync("o", H("If-Modified-Since", before))).Status);
        Assert.Equal(200, (await store.S3.GetAsync("o", H("If-Unmodified-Since", modified))).Status);
        Assert.Equal(412, (await store.S3.GetAsync("o", H("If-Unmodified-Since", before))).Status);
    }

    [Fact]
    public async Task A_copy_keeps_or_replaces_metadata_as_asked()
    {
        await using var store = await TestStore.StartAsync();
        byte[] content = Wording.Bytes(200_000);
        await store.S3.PutAsync("a", content, Merge(Keys(1), H("x-amz-meta-a", "1", "Content-Type", "text/a")));
        await store.S3.CopyAsync("a", "b", Both(1, 1));
        await store.S3.CopyAsync("a", "c", Merge(Both(2, 1), H("x-amz-metadata-directive", "REPLACE", "x-amz-meta-b", "2", "Content-Type", "text/c")));
        var (b, c) = (await store.S3.GetAsync("b", Keys(1)), await store.S3.GetAsync("c", Keys(2)));
        Assert.Equal(("1", "text/a"), (b.Header("x-amz-meta-a"), b.Header("Content-Type")));
        Assert.Equal((null, "2", "text/c"), (c.Header("x-amz-meta-a"), c.Header("x-amz-meta-b"), c.Header("Content-Type")));
        Assert.Equal(content, b.Body);
        Assert.Equal(content, c.Body);
        Assert.Equal(403, (await store.S3.GetAsync("c", Keys(1))).Status);
    }

    [Fact]
    public async Task Tags_and_storage_class_come_with_every_way_to_write_and_go_along_with_a_copy()
    {
        await using var store = await TestStore.StartAsync();
        var s3 = store.S3;
        var headers = H("x-amz-tagging", "colour=light%20green&n=", "x-amz-storage-class", "STANDARD_IA");
        const string tags = "<TagSet><Tag><Key>colour</Key><Value>light green</Value></Tag><Tag><Key>n</Key><Value></Value></Tag></TagSet>";
        await s3.PutAsync("put", [1], headers);
        await s3.PutAsync("kept", [], H("x-amz-copy-source", $"/{s3.Bucket}/put"));
        await s3.PutAsync("replaced", [], H("x-amz-copy-source", $"/{s3.Bucket}/put", "x-amz-tagging-directive", "REPLACE", "x-amz-tagging", "a=b", "x-amz-storage-class", "GLACIER_IR"));
        await s3.UploadAsync("upload", headers, [1]);

        Assert.Contains(tags, await TagsAsync("put"), StringComparison.Ordinal);
        Assert.Contains(tags, await TagsAsync("kept"), StringComparison.Ordinal);
        Assert.Contains("<Tag><Key>a</Key><Value>b</Value></Tag>", await TagsAsync("replaced"), StringComparison.Ordinal);
        Assert.Contains(tags, await TagsAsync("upload"), StringComparison.Ordinal);
        Assert.Equal(("STANDARD_IA", "2"), await HeadAsync("put"));
        Assert.Equal((null, "2"), await HeadAsync("kept"));
        Assert.Equal(("GLACIER_IR", "1"), await HeadAsync("replaced"));
        Assert.Equal(("STANDARD_IA", "2"), await HeadAsync("upload"));
        Assert.Equal(400, (await s3.PutAsync("put", [1], H("x-amz-tagging", "a=b&a=c"))).Status);
        Assert.Equal(400, (await s3.PutAsync("put", [1], H("x-amz-tagging", string.Join('&', Enumerable.Range(0, 11).Select(i => $"{i}=1"))))).Status);

        async Task<string> TagsAsync(string key) => (await s3.GetAsync(key, null, "tagging")).Text;

        async Task<(string?, string?)> HeadAsync(string key)
        {
            var reply = await s3.HeadAsync(key);
            return (reply.Header("x-amz-storage-class"), reply.Header("x-amz-tagging-count"));
        }
    }

    [Fact]
    public void Records_of_versions_that_knew_no_tags_are_read()
    {
        var headers = System.Text.Json.JsonSerializer.Deserialize("""{"User":{"a":"b"},"Http":{}}""", Storage.RecordJson.Default.ObjectHeaders)!;
        Assert.Equal("b", headers.User["a"]);
        Assert.Empty(headers.Tags);
        Assert.Equal("STANDARD", headers.StorageClass);
    }

    [Fact]
    public async Task What_is_not_offered_is_refused_and_never_taken_for_something_else()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", [1, 2, 3]);
        Assert.Equal(501, (await store.S3.PutAsync("o", [9], null, "tagging")).Status);
        Assert.Equal(501, (await store.S3.PutAsync("o", [9], null, "retention")).Status);
        Assert.Equal(501, (await store.S3.PutAsync("o", [9], H("x-amz-server-side-encryption", "aws:kms"))).Status);
        Assert.Equal(400, (await store.S3.PutAsync("o", [9], H("x-amz-storage-class", "GLACIER"))).Status);
        Assert.Equal(501, (await store.S3.SendAsync("DELETE", "o", "versionId=1")).Status);
        Assert.Equal([1, 2, 3], (await store.S3.GetAsync("o")).Body);
    }

    [Fact]
    public async Task The_services_own_key_encrypts_when_asked_or_by_the_buckets_default()
    {
        await using var store = await TestStore.StartAsync();
        byte[] content = Wording.Bytes(100_000);
        var put = await store.S3.PutAsync("o", content, H("x-amz-server-side-encryption", "AES256"));
        Assert.Equal("AES256", put.Header("x-amz-server-side-encryption"));
        await store.RestartAsync();
        var get = await store.S3.GetAsync("o");
        Assert.Equal((Convert.ToHexString(SHA256.HashData(content)), "AES256"), (Convert.ToHexString(SHA256.HashData(get.Body)), get.Header("x-amz-server-side-encryption")));
        Assert.DoesNotContain(FilesOf(store), file => file.AsSpan().IndexOf(content.AsSpan(1000, 32)) >= 0);

        Assert.Null((await store.S3.PutAsync("p", content)).Header("x-amz-server-side-encryption"));
        byte[] rule = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"u8.ToArray();
        Assert.Equal(200, (await store.S3.SendAsync("PUT", "", "encryption", null, rule)).Status);
        Assert.Equal("AES256", (await store.S3.PutAsync("p", content)).Header("x-amz-server-side-encryption"));
        Assert.Equal(content, (await store.S3.GetAsync("p")).Body);
    }

    [Fact]
    public async Task A_bucket_can_refuse_SSE_C_until_it_is_unblocked()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { NewBucketsBlockCustomerKey = true });
        var refused = await store.S3.PutAsync("o", [1], Keys(1));
        Assert.Equal((403, "AccessDenied"), (refused.Status, refused.Element("Code")));
        Assert.Equal(403, (await store.S3.SendAsync("POST", "o", "uploads", Keys(1))).Status);
        Assert.Equal("SSE-C", (await store.S3.SendAsync("GET", "", "encryption")).Element("EncryptionType"));
        byte[] rule = "<ServerSideEncryptionConfiguration><Rule><BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>"u8.ToArray();
        Assert.Equal(200, (await store.S3.SendAsync("PUT", "", "encryption", null, rule)).Status);
        Assert.Equal("NONE", (await store.S3.SendAsync("GET", "", "encryption")).Element("EncryptionType"));
        Assert.Equal("200 echo", (await store.S3.PutAsync("o", [1], Keys(1))).Word());
    }

    internal static IEnumerable<byte[]> FilesOf(TestStore store) =>
        Directory.EnumerateFiles(store.Data, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "lock").Select(File.ReadAllBytes);

    private static async Task<S3Answer> PutAndHeadAsync(S3Session s3, string key)
    {
        // HttpClient gives no content type to a byte array of its own.
        await s3.PutAsync(key, [1]);
        return await s3.HeadAsync(key);
    }
}
