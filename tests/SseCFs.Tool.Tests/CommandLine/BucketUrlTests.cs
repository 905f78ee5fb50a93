using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class BucketUrlTests
{
    [Theory]
    [InlineData("s3://bucket", "bucket", "")]
    [InlineData("s3://bucket/", "bucket", "")]
    [InlineData("s3://bucket/a", "bucket", "a/")]
    [InlineData("s3://bucket/a/b c/", "bucket", "a/b c/")]
    [InlineData("s3://my.bucket_1/50%25", "my.bucket_1", "50%25/")]
    public void BucketAndPrefixAreTaken(string text, string bucket, string prefix) =>
        Assert.Equal(new BucketUrl(bucket, prefix), BucketUrl.Parse(text));

    [Theory]
    [InlineData("bucket")]
    [InlineData("https://bucket")]
    [InlineData("s3://")]
    [InlineData("s3://ab")]
    [InlineData("s3://buck et")]
    [InlineData("s3://bucket//a")]
    [InlineData("s3://bucket/a/../b")]
    [InlineData("s3://bucket/./b")]
    public void WhatIsNoBucketIsRefused(string text) => Assert.Throws<FormatException>(() => BucketUrl.Parse(text));
}
