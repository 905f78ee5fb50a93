using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>
/// The requests that MinIO's mc sends over TLS with --enc-c, one by one: Debian has no mc. As minio-go 7.0.90 makes them (api-put-object-streaming.go,
/// api-put-object-multipart.go, api-compose-object.go, api-stat.go) for mc of November 2025 (cmd/client-s3.go, cmd/common-methods.go).
/// </summary>
public sealed class MinioClient(Target target) : Scenario(target)
{
    private const int PartSize = 16 << 20;

    // mc hashes no bodies but those of Complete.
    private static readonly (string, string) NoContent = ("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData([])));

    /// <summary>Whether the service copies encrypted objects: Ceph before 20.2 does not.</summary>
    private bool HasEncryptedCopies => Target.Dialect is "aws" or "ceph20";

    [Fact]
    public async Task WhatMcStoresAreFiles()
    {
        var small = RandomNumberGenerator.GetBytes(100_000);
        var large = RandomNumberGenerator.GetBytes(PartSize + 3_000_000);
        await PutAsync("dir/small", small);
        await PutAsync("empty", []);
        await PutInPartsAsync("large", large);
        await Mount.RemountAsync();
        Assert.Equal(small, await File.ReadAllBytesAsync(Path.Combine(Mount.Root, "dir/small")));
        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(Mount.Root, "large")));
        await RunAsync("""
            is "$(stat -c %s empty)" 0
            [ $(($(date +%s) - $(stat -c %Y dir/small))) -lt 300 ]
            echo more >>dir/small
            printf xyz | dd of=large bs=1 seek=17000000 conv=notrunc status=none
            mv empty dir
            """);
        await ThenAsync("""is "$(tail -c 5 dir/small)" more; is "$(dd if=large bs=1 skip=17000000 count=3 status=none)" xyz; [ ! -s dir/empty ]""");
        await SealedAsync("dir/small", "large", "dir/empty");
    }

    [Fact]
    public async Task McReadsWhatTheMountStores()
    {
        await RunAsync("mkdir d; noise 100000 1 >d/small; noise 20000000 2 >large; : >empty; cp d/small large \"$SCRATCH\"");
        await Mount.RemountAsync();
        foreach (var name in new[] { "d/small", "large", "empty" })
        {
            var bytes = await File.ReadAllBytesAsync(Path.Combine(Mount.Root, name));
            var stat = await StatAsync(name, Target.Key);
            Assert.Equal((HttpStatusCode.OK, bytes.Length), (stat.Status, stat.Message.Content.Headers.ContentLength));
            Assert.Equal(bytes, (await GetAsync(name, Target.Key)).Content);
            Assert.Equal(HttpStatusCode.BadRequest, (await StatAsync(name, null)).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync(name, null)).Status);
        }

        Assert.Equal(["d/", "empty", "large"], await ListAsync("", "%2F"));
        Assert.Equal(["d/", "d/small", "empty", "large"], await ListAsync("", ""));
    }

    [Fact]
    public async Task ACopyWithinTheServiceIsAFileOrRefused()
    {
        var bytes = RandomNumberGenerator.GetBytes(6_000_000);
        await PutAsync("source", bytes);

        // mc cp below 64 MiB.
        var copy = await Target.S3.SendAsync(HttpMethod.Put, Prefix + "copy", Target.Key, [],
            headers: [.. FromSource(), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-note", "kept")]);
        Assert.Equal(HasEncryptedCopies ? HttpStatusCode.OK : HttpStatusCode.NotImplemented, copy.Status);

        // And from there on.
        var upload = await BeginAsync("in-parts");
        var part = await Target.S3.SendAsync(HttpMethod.Put, Prefix + "in-parts", Target.Key, [], query: $"partNumber=1&uploadId={Uri.EscapeDataString(upload)}",
            headers: [.. FromSource(), ("x-amz-copy-source-range", $"bytes=0-{bytes.Length - 1}"), ("x-amz-copy-source-if-match", await ETagAsync("source"))]);
        Succeeded(part);
        await CompleteAsync("in-parts", upload, [ElementOf(part, "ETag").Trim('"')]);

        await Mount.RemountAsync();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(Mount.Root, "in-parts")));
        if (HasEncryptedCopies) Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(Mount.Root, "copy")));
        else await RunAsync("[ ! -e copy ]");
        await SealedAsync("in-parts");
    }

    private async Task PutAsync(string name, byte[] content)
    {
        var reply = await Target.S3.SendAsync(HttpMethod.Put, Prefix + name, Target.Key, content, [("content-type", "application/octet-stream")]);
        Succeeded(reply);
    }

    private async Task PutInPartsAsync(string name, byte[] content)
    {
        var upload = await BeginAsync(name);
        var etags = new List<string>();
        foreach (var bytes in content.Chunk(PartSize))
        {
            var reply = await Target.S3.SendAsync(HttpMethod.Put, Prefix + name, Target.Key, bytes,
                query: $"partNumber={etags.Count + 1}&uploadId={Uri.EscapeDataString(upload)}");
            Succeeded(reply);
            etags.Add(reply.Message.Headers.GetValues("ETag").Single().Trim('"'));
        }

        await CompleteAsync(name, upload, etags);
    }

    private async Task<string> BeginAsync(string name)
    {
        var reply = await Target.S3.SendAsync(HttpMethod.Post, Prefix + name, Target.Key, [], [("content-type", "application/octet-stream")], "uploads=");
        Succeeded(reply);
        return ElementOf(reply, "UploadId");
    }

    private async Task CompleteAsync(string name, string upload, IReadOnlyList<string> etags)
    {
        var parts = string.Concat(etags.Select((etag, index) => string.Create(CultureInfo.InvariantCulture, $"<Part><PartNumber>{index + 1}</PartNumber><ETag>{etag}</ETag></Part>")));
        var body = Encoding.UTF8.GetBytes($"""<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{parts}</CompleteMultipartUpload>""");
        var reply = await Target.S3.SendAsync(HttpMethod.Post, Prefix + name, Target.Key, body,
            [("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData(body))), ("content-type", "application/octet-stream")], "uploadId=" + Uri.EscapeDataString(upload));
        Succeeded(reply);
        Assert.Equal(Target.Bucket, ElementOf(reply, "Bucket"));
    }

    private Task<Reply> StatAsync(string name, byte[]? key) =>
        Target.S3.SendAsync(HttpMethod.Head, Prefix + name, key, headers: [NoContent, ("x-amz-checksum-mode", "ENABLED")]);

    private Task<Reply> GetAsync(string name, byte[]? key) =>
        Target.S3.SendAsync(HttpMethod.Get, Prefix + name, key, headers: [NoContent, ("accept-encoding", "identity")]);

    private async Task<string> ETagAsync(string name) => (await StatAsync(name, Target.Key)).Message.Headers.GetValues("ETag").Single().Trim('"');

    /// <summary>Keys and common prefixes below the scenario's prefix.</summary>
    private async Task<List<string>> ListAsync(string below, string delimiter)
    {
        var reply = await Target.S3.SendAsync(HttpMethod.Get, "", headers: [NoContent],
            query: $"list-type=2&encoding-type=url&fetch-owner=true&delimiter={delimiter}&prefix={Uri.EscapeDataString(Prefix + below)}");
        Succeeded(reply);
        var root = XDocument.Parse(Encoding.UTF8.GetString(reply.Content)).Root!;
        var keys = root.Elements().Where(element => element.Name.LocalName is "Contents" or "CommonPrefixes")
            .Select(element => Uri.UnescapeDataString(element.Elements().First(part => part.Name.LocalName is "Key" or "Prefix").Value)[Prefix.Length..]);
        return [.. keys.Where(key => key.Length > 0).Order(StringComparer.Ordinal)];
    }

    private IEnumerable<(string, string)> FromSource()
    {
        const string Name = "x-amz-copy-source-server-side-encryption-customer-";
        yield return ("x-amz-copy-source", Uri.EscapeDataString($"{Target.Bucket}/{Prefix}source").Replace("%2F", "/", StringComparison.Ordinal));
        yield return (Name + "algorithm", "AES256");
        yield return (Name + "key", Convert.ToBase64String(Target.Key));
#pragma warning disable CA5351 // S3 names the key by its MD5.
        yield return (Name + "key-md5", Convert.ToBase64String(MD5.HashData(Target.Key)));
#pragma warning restore CA5351
    }

    private static void Succeeded(Reply reply) => Assert.True(reply.Message.IsSuccessStatusCode, $"{reply.Status}: {Encoding.UTF8.GetString(reply.Content)}");

    private static string ElementOf(Reply reply, string name) =>
        XDocument.Parse(Encoding.UTF8.GetString(reply.Content)).Descendants().First(element => element.Name.LocalName == name).Value;
}
