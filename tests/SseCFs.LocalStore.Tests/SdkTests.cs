using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using SseCFs.LocalStore.Tests.Rows;

namespace SseCFs.LocalStore.Tests;

/// <summary>The AWS SDK for .NET as it comes: checksum trailers, its own signing, its own reading of documents.</summary>
public sealed class SdkTests
{
    private static readonly byte[] Content = Wording.Bytes(12 << 20);
    private static readonly string Key = Convert.ToBase64String(S3Session.Key(1));

    [Theory]
    [InlineData(RequestChecksumCalculation.WHEN_SUPPORTED)]
    [InlineData(RequestChecksumCalculation.WHEN_REQUIRED)]
    public async Task The_SDK_puts_gets_lists_copies_and_deletes(RequestChecksumCalculation checksums)
    {
        await using var store = await TestStore.StartAsync();
        using var s3 = Client(store, checksums);
        var put = await s3.PutObjectAsync(new PutObjectRequest
        {
            BucketName = "bucket",
            Key = "dir/ü",
            InputStream = new MemoryStream(Content),
            ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256,
            ServerSideEncryptionCustomerProvidedKey = Key,
        });
        Assert.Equal("AES256", put.ServerSideEncryptionCustomerMethod.Value);
        await s3.CopyObjectAsync(new CopyObjectRequest
        {
            SourceBucket = "bucket",
            SourceKey = "dir/ü",
            DestinationBucket = "bucket",
            DestinationKey = "copy",
            ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256,
            ServerSideEncryptionCustomerProvidedKey = Key,
            CopySourceServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256,
            CopySourceServerSideEncryptionCustomerProvidedKey = Key,
        });
        using var get = await s3.GetObjectAsync(new GetObjectRequest
        {
            BucketName = "bucket",
            Key = "copy",
            ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256,
            ServerSideEncryptionCustomerProvidedKey = Key,
        });
        var read = new MemoryStream();
        await get.ResponseStream.CopyToAsync(read);
        Assert.Equal(Content, read.ToArray());

        var list = await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = "bucket", Delimiter = "/" });
        Assert.Equal(["copy"], list.S3Objects.Select(o => o.Key));
        Assert.Equal(["dir/"], list.CommonPrefixes);
        var wrong = await Assert.ThrowsAsync<AmazonS3Exception>(() => s3.GetObjectAsync("bucket", "copy"));
        Assert.Equal("InvalidRequest", wrong.ErrorCode);
        var deleted = await s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = "bucket", Objects = [new KeyVersion { Key = "copy" }, new KeyVersion { Key = "dir/ü" }] });
        Assert.Equal(2, deleted.DeletedObjects.Count);
    }

    [Fact]
    public async Task The_SDK_uploads_in_parts()
    {
        await using var store = await TestStore.StartAsync();
        using var s3 = Client(store, RequestChecksumCalculation.WHEN_SUPPORTED);
        using var transfer = new TransferUtility(s3, new TransferUtilityConfig { MinSizeBeforePartUpload = 5 << 20 });
        await transfer.UploadAsync(new TransferUtilityUploadRequest
        {
            BucketName = "bucket",
            Key = "big",
            InputStream = new MemoryStream(Content),
            PartSize = 5 << 20,
            ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256,
            ServerSideEncryptionCustomerProvidedKey = Key,
        });
        Assert.Equal(3, store.Server.Counts[Operation.UploadPart]);
        Assert.Equal(Content, (await store.S3.GetAsync("big", S3Session.Keys(1))).Body);
    }

    private static AmazonS3Client Client(TestStore store, RequestChecksumCalculation checksums) => new(
        new BasicAWSCredentials(TestStore.AccessKey, TestStore.SecretKey),
        new AmazonS3Config
        {
            ServiceURL = store.Server.Address.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            RequestChecksumCalculation = checksums,
            MaxErrorRetry = 0,
        });
}
