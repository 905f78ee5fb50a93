using Microsoft.Extensions.Time.Testing;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>Who may do what: Signature Version 4 in the header and in the query.</summary>
public sealed class SigningTests
{
    [Fact]
    public async Task A_wrong_secret_does_not_match()
    {
        await using var store = await TestStore.StartAsync();
        using var other = new S3Session(store.Server.Address, TestStore.AccessKey, "another secret", TestStore.Bucket);
        var answer = await other.PutAsync("o", [1, 2, 3]);
        Assert.Equal((403, "SignatureDoesNotMatch"), (answer.Status, answer.Element("Code")));
        Assert.Equal(404, (await store.S3.HeadAsync("o")).Status);
    }

    [Fact]
    public async Task An_unknown_access_key_is_named_as_such()
    {
        await using var store = await TestStore.StartAsync();
        using var other = new S3Session(store.Server.Address, "NOBODY", TestStore.SecretKey, TestStore.Bucket);
        var answer = await other.GetAsync("o");
        Assert.Equal((403, "InvalidAccessKeyId"), (answer.Status, answer.Element("Code")));
    }

    [Fact]
    public async Task Without_a_signature_everything_is_denied()
    {
        await using var store = await TestStore.StartAsync();
        var answer = await store.S3.TransmitAsync("GET", "/bucket", "", [], null, null);
        Assert.Equal((403, "AccessDenied"), (answer.Status, answer.Element("Code")));
    }

    [Theory]
    [InlineData(-16, 403)]
    [InlineData(16, 403)]
    [InlineData(-14, 200)]
    [InlineData(14, 200)]
    public async Task A_clock_may_be_wrong_by_fifteen_minutes(int minutes, int status)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero));
        await using var store = await TestStore.StartAsync(configure: o => o with { Time = time });
        var answer = await store.S3.SendRawAsync("GET", "/bucket", "", signedAt: time.GetUtcNow().AddMinutes(minutes));
        Assert.Equal(status, answer.Status);
        if (status == 403)
            Assert.Equal("RequestTimeTooSkewed", answer.Element("Code"));
    }

    [Fact]
    public async Task Signed_headers_and_query_cannot_be_changed()
    {
        await using var store = await TestStore.StartAsync();
        var s3 = store.S3;
        var now = s3.Now;
        var signed = s3.HeadersToSign(H("x-amz-meta-a", "one"), [1], now);
        string authorization = s3.Signer.Sign("PUT", "/bucket/o", "", signed, signed["x-amz-content-sha256"], now).Authorization;
        Assert.Equal(403, (await s3.TransmitAsync("PUT", "/bucket/other", "", signed, authorization, [1])).Status);
        Assert.Equal(403, (await s3.TransmitAsync("PUT", "/bucket/o", "acl", signed, authorization, [1])).Status);
        var changed = new SortedDictionary<string, string>(signed, StringComparer.Ordinal) { ["x-amz-meta-a"] = "two" };
        Assert.Equal(403, (await s3.TransmitAsync("PUT", "/bucket/o", "", changed, authorization, [1])).Status);
        Assert.Equal(200, (await s3.TransmitAsync("PUT", "/bucket/o", "", signed, authorization, [1])).Status);
    }

    [Fact]
    public async Task A_body_that_is_not_the_signed_one_is_refused_and_not_stored()
    {
        await using var store = await TestStore.StartAsync();
        var answer = await store.S3.PutAsync("o", [1, 2, 3], H("x-amz-content-sha256", Signer.Hash([4])));
        Assert.Equal((400, "XAmzContentSHA256Mismatch"), (answer.Status, answer.Element("Code")));
        Assert.Equal(404, (await store.S3.HeadAsync("o")).Status);
        Assert.Empty(Directory.GetFiles(Path.Combine(store.Data, "tmp")));
    }

    [Fact]
    public async Task A_presigned_request_is_good_until_it_expires()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero));
        await using var store = await TestStore.StartAsync(configure: o => o with { Time = time });
        var s3 = store.S3;
        await s3.PutAsync("a b", [7]);
        string query = s3.Signer.Presign("GET", "/bucket/a%20b", s3.Endpoint.Authority, time.GetUtcNow(), 60);
        Assert.Equal([7], (await s3.TransmitAsync("GET", "/bucket/a%20b", query, [], null, null)).Body);
        Assert.Equal(403, (await s3.TransmitAsync("GET", "/bucket/a%20c", query, [], null, null)).Status);
        Assert.Equal(403, (await s3.TransmitAsync("GET", "/bucket/a%20b", query.Replace("Expires=60", "Expires=600", StringComparison.Ordinal), [], null, null)).Status);
        time.Advance(TimeSpan.FromSeconds(61));
        var late = await s3.TransmitAsync("GET", "/bucket/a%20b", query, [], null, null);
        Assert.Equal((403, "Request has expired"), (late.Status, late.Element("Message")));
    }

    [Fact]
    public async Task A_wrong_region_is_told_the_right_one()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { Region = "us-east-1" });
        using var other = new S3Session(store.Server.Address, TestStore.AccessKey, TestStore.SecretKey, TestStore.Bucket)
        {
            Signer = new Signer(TestStore.AccessKey, TestStore.SecretKey, "eu-central-1"),
        };
        var answer = await other.GetAsync("");
        Assert.Equal((400, "AuthorizationHeaderMalformed", "us-east-1"), (answer.Status, answer.Element("Code"), answer.Element("Region")));
    }

    [Fact]
    public async Task Each_of_several_credentials_may_sign()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { Credentials = [.. o.Credentials, new Credential("SECOND", "second secret")] });
        using var other = new S3Session(store.Server.Address, "SECOND", "second secret", TestStore.Bucket);
        Assert.Equal(200, (await other.PutAsync("o", [1])).Status);
        Assert.Equal(200, (await store.S3.GetAsync("o")).Status);
    }
}
