namespace SseCFs.LocalStore.Tests;

public sealed class BucketTests
{
    [Fact]
    public async Task Buckets_are_made_listed_and_removed()
    {
        await using var store = await TestStore.StartAsync();
        using var other = new S3Session(store.Server.Address, TestStore.AccessKey, TestStore.SecretKey, "another.one-1");
        Assert.Equal(404, (await other.SendAsync("HEAD", "", "")).Status);
        Assert.Equal("NoSuchBucket", (await other.PutAsync("o", [1])).Element("Code"));
        Assert.Equal(200, (await other.SendAsync("PUT", "", "")).Status);
        Assert.Equal(200, (await other.SendAsync("PUT", "", "")).Status);
        await store.RestartAsync();
        var list = await store.S3.SendRawAsync("GET", "/", "");
        Assert.Equal(["another.one-1", "bucket"], list.Elements("Name"));

        using var again = new S3Session(store.Server.Address, TestStore.AccessKey, TestStore.SecretKey, "another.one-1");
        await again.PutAsync("o", [1]);
        Assert.Equal("BucketNotEmpty", (await again.SendAsync("DELETE", "", "")).Element("Code"));
        await again.DeleteAsync("o");
        Assert.Equal(204, (await again.SendAsync("DELETE", "", "")).Status);
        Assert.Equal(404, (await again.SendAsync("HEAD", "", "")).Status);
        await store.RestartAsync();
        Assert.Equal(["bucket"], (await store.S3.SendRawAsync("GET", "/", "")).Elements("Name"));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("Upper")]
    [InlineData("under_score")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData("-ab")]
    public async Task A_name_that_is_no_buckets_is_refused(string name)
    {
        await using var store = await TestStore.StartAsync();
        Assert.Equal("InvalidBucketName", (await store.S3.SendRawAsync("PUT", "/" + name, "")).Element("Code"));
    }

    [Theory]
    [InlineData("aws", "")]
    [InlineData("ceph16", "default")]
    public async Task The_location_is_the_dialects(string dialect, string location)
    {
        await using var store = await TestStore.StartAsync(Dialect.Parse(dialect));
        Assert.Equal(location, (await store.S3.GetAsync("", query: "location")).Element("LocationConstraint"));
    }

    [Fact]
    public async Task One_folder_serves_one_server()
    {
        await using var store = await TestStore.StartAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => LocalStoreServer.StartAsync(new LocalStoreOptions
        {
            Directory = store.Data,
            Listen = new(System.Net.IPAddress.Loopback, 0),
            Credentials = [new Credential("a", "b")],
        }));
    }

    [Fact]
    public async Task A_server_without_credentials_does_not_start() =>
        await Assert.ThrowsAsync<ArgumentException>(() => LocalStoreServer.StartAsync(new LocalStoreOptions { Directory = "unused", Credentials = [] }));
}
