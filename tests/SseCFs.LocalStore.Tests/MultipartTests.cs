using System.Text;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

public sealed class MultipartTests
{
    private const int PartSize = 5 << 20;

    private static readonly byte[] One = Wording.Bytes(PartSize, 1), Two = Wording.Bytes(PartSize + 3, 2), Three = Wording.Bytes(77, 3);

    [Fact]
    public async Task Parts_in_any_order_make_one_object_and_the_last_of_a_number_wins()
    {
        await using var store = await TestStore.StartAsync();
        string upload = await store.S3.CreateUploadAsync("m", Merge(Keys(1), H("x-amz-meta-a", "1")));
        var three = await store.S3.UploadPartAsync("m", upload, 3, Three, Keys(1));
        await store.S3.UploadPartAsync("m", upload, 1, Wording.Bytes(PartSize, 9), Keys(1));
        var two = await store.S3.UploadPartAsync("m", upload, 2, Two, Keys(1));
        var one = await store.S3.UploadPartAsync("m", upload, 1, One, Keys(1));
        await store.RestartAsync();
        Assert.Equal(404, (await store.S3.HeadAsync("m", Keys(1))).Status);
        Assert.Equal(["1", "2", "3"], (await store.S3.GetAsync("m", query: "uploadId=" + upload)).Elements("PartNumber"));
        Assert.Equal([upload], (await store.S3.GetAsync("", query: "uploads")).Elements("UploadId"));
        Assert.Equal(200, (await store.S3.CompleteAsync("m", upload, [one.ETag, two.ETag, three.ETag], Keys(1))).Status);
        await store.RestartAsync();
        var get = await store.S3.GetAsync("m", Keys(1));
        Assert.Equal((byte[])[.. One, .. Two, .. Three], get.Body);
        Assert.Equal(("1", "-3"), (get.Header("x-amz-meta-a"), get.ETag[^2..]));
        Assert.Empty((await store.S3.GetAsync("", query: "uploads")).Elements("UploadId"));
        Assert.Equal(Two, (await store.S3.GetAsync("m", Keys(1), "partNumber=2")).Body);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(store.Data, "buckets", "bucket", "multipart", upload)).Length);
    }

    [Fact]
    public async Task Complete_refuses_small_parts_wrong_order_and_no_parts()
    {
        await using var store = await TestStore.StartAsync();
        string upload = await store.S3.CreateUploadAsync("m");
        var one = await store.S3.UploadPartAsync("m", upload, 1, Three);
        var two = await store.S3.UploadPartAsync("m", upload, 2, Three);
        Assert.Equal("EntityTooSmall", (await store.S3.CompleteAsync("m", upload, [one.ETag, two.ETag])).Element("Code"));
        Assert.Equal("MalformedXML", (await store.S3.CompleteAsync("m", upload, [])).Element("Code"));
        byte[] reversed = Encoding.UTF8.GetBytes($"<CompleteMultipartUpload><Part><PartNumber>2</PartNumber><ETag>{two.ETag}</ETag></Part><Part><PartNumber>1</PartNumber><ETag>{one.ETag}</ETag></Part></CompleteMultipartUpload>");
        Assert.Equal("InvalidPartOrder", (await store.S3.SendAsync("POST", "m", "uploadId=" + upload, null, reversed)).Element("Code"));
        Assert.Equal(200, (await store.S3.CompleteAsync("m", upload, [one.ETag])).Status);
        Assert.Equal(Three, (await store.S3.GetAsync("m")).Body);
    }

    [Fact]
    public async Task An_aborted_upload_leaves_nothing()
    {
        await using var store = await TestStore.StartAsync();
        string upload = await store.S3.CreateUploadAsync("m", Keys(1));
        await store.S3.UploadPartAsync("m", upload, 1, Three, Keys(1));
        Assert.Equal(204, (await store.S3.SendAsync("DELETE", "m", "uploadId=" + upload)).Status);
        Assert.Empty(Directory.GetDirectories(Path.Combine(store.Data, "buckets", "bucket", "multipart")));
        Assert.Equal("NoSuchUpload", (await store.S3.UploadPartAsync("m", upload, 1, Three, Keys(1))).Element("Code"));
        Assert.Equal("NoSuchUpload", (await store.S3.CompleteAsync("m", upload, ["0"])).Element("Code"));
    }

    [Fact]
    public async Task Replaced_and_deleted_objects_take_their_parts_with_them()
    {
        await using var store = await TestStore.StartAsync();
        string parts = Path.Combine(store.Data, "buckets", "bucket", "multipart");
        await store.S3.UploadAsync("m", Keys(1), One, Three);
        await store.S3.UploadAsync("m", Keys(1), One, Three);
        Assert.Single(Directory.GetDirectories(parts));
        await store.S3.PutAsync("m", Three, Keys(1));
        Assert.Empty(Directory.GetDirectories(parts));
        await store.S3.UploadAsync("m", Keys(1), One, Three);
        await store.S3.DeleteAsync("m");
        Assert.Empty(Directory.GetDirectories(parts));
    }

    [Theory]
    [InlineData("CRC32", "COMPOSITE")]
    [InlineData("CRC32", "FULL_OBJECT")]
    [InlineData("CRC32C", "FULL_OBJECT")]
    [InlineData("CRC64NVME", "FULL_OBJECT")]
    [InlineData("SHA256", "COMPOSITE")]
    public async Task Checksums_of_parts_make_the_objects(string name, string type)
    {
        await using var store = await TestStore.StartAsync();
        var algorithm = ChecksumAlgorithms.Find(name)!.Value;
        byte[] Sum(params byte[][] data)
        {
            using var checksum = new Checksum(algorithm);
            foreach (byte[] bytes in data)
                checksum.Append(bytes);
            return checksum.Finish();
        }
        string upload = await store.S3.CreateUploadAsync("m", Merge(Keys(1), H("x-amz-checksum-algorithm", name, "x-amz-checksum-type", type)));
        var one = await store.S3.UploadPartAsync("m", upload, 1, One, Merge(Keys(1), H(algorithm.Header(), Convert.ToBase64String(Sum(One)))));
        var two = await store.S3.UploadPartAsync("m", upload, 2, Three, Keys(1));
        Assert.Equal(Convert.ToBase64String(Sum(Three)), two.Header(algorithm.Header()));
        string expected = type == "FULL_OBJECT" ? Convert.ToBase64String(Sum(One, Three)) : Convert.ToBase64String(Sum(Sum(One), Sum(Three))) + "-2";
        var complete = await store.S3.CompleteAsync("m", upload, [one.ETag, two.ETag], Keys(1));
        Assert.Equal((200, expected, type), (complete.Status, complete.Element(algorithm.Element()), complete.Element("ChecksumType")));
        Assert.Equal(expected, (await store.S3.HeadAsync("m", Merge(Keys(1), H("x-amz-checksum-mode", "ENABLED")))).Header(algorithm.Header()));
    }
}
