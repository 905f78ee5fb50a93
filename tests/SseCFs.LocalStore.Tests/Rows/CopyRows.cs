using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>CopyObject.</summary>
internal static class CopyRows
{
    private static readonly byte[] Content = Bytes(20_000);
    private static readonly Dictionary<string, string> Replace = H("x-amz-metadata-directive", "REPLACE", "x-amz-meta-new", "yes");

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Copy, same key, both", "501", "501", "200 echo, encrypted, ETag kept", "200 echo, encrypted, other ETag", s3 => EncryptedAsync(s3, Both(1, 1), 1)),
        new("Copy, key 1 to key 2", "501", "501", "200 echo, encrypted, ETag kept", "200 echo, encrypted, other ETag", s3 => EncryptedAsync(s3, Both(2, 1), 2)),
        new("Copy of a multipart object, both", "501", "501", "200 echo, encrypted, ETag kept-1", "200 echo, encrypted, other ETag", async s3 =>
        {
            await s3.UploadAsync("src", Keys(1), Content);
            string etag = (await s3.HeadAsync("src", Keys(1))).ETag;
            string word = await CopyWordAsync(s3, "src", "dst", Both(1, 1), 1, etag);
            return word.EndsWith("kept", StringComparison.Ordinal) ? word + etag[^2..] : word;
        }),
        new("Copy onto itself, REPLACE, both", "501", "501", "200 echo, metadata yes", "200 echo, metadata yes", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            var copy = await s3.CopyAsync("src", "src", Merge(Both(1, 1), Replace));
            return copy.Status == 200 ? $"{copy.Word()}, metadata {(await s3.HeadAsync("src", Keys(1))).Header("x-amz-meta-new")}" : copy.Word();
        }),
        new("Copy onto itself, REPLACE, no keys", "501", "501", "400", "400", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return (await s3.CopyAsync("src", "src", Replace)).Word();
        }),
        new("Copy of SSE-C, keys only", "501", "501", "400", "400", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return (await s3.CopyAsync("src", "dst", Keys(1))).Word();
        }),
        new("Copy of SSE-C, no keys", "501", "501", "400", "400", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return (await s3.CopyAsync("src", "dst")).Word();
        }),
        new("Copy of SSE-C, wrong source key", "501", "501", "400", "403", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return (await s3.CopyAsync("src", "dst", Both(1, 2))).Word();
        }),
        new("Copy of SSE-C, source keys only", "501", "501", "200 silent, plain", "200 silent, plain", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return await CopyWordAsync(s3, "src", "dst", SourceKeys(1), 1, null);
        }),
        new("Copy of plain, keys", "200 silent, plain", "200 silent, plain", "200 echo, encrypted", "200 echo, encrypted", async s3 =>
        {
            await s3.PutAsync("src", Content);
            return await CopyWordAsync(s3, "src", "dst", Keys(1), 1, null);
        }),
        Row.Same("Copy of plain onto itself, REPLACE", "200 silent", async s3 =>
        {
            await s3.PutAsync("src", Content);
            return (await s3.CopyAsync("src", "src", Replace)).Word();
        }),
        Row.Same("Copy of plain onto itself, nothing changed", "400 InvalidRequest", async s3 =>
        {
            await s3.PutAsync("src", Content);
            var copy = await s3.CopyAsync("src", "src");
            return $"{copy.Status} {copy.Element("Code")}";
        }),
        new("Copy of zero bytes, both", "501", "501", "200 echo", "200 echo", async s3 =>
        {
            await s3.PutAsync("src", [], Keys(1));
            return (await s3.CopyAsync("src", "dst", Both(1, 1))).Word();
        }),
        new("Copy, x-amz-copy-source-if-match wrong and right, both", "501 501", "412 501", "412 200 echo", "412 200 echo", async s3 =>
        {
            string etag = (await s3.PutAsync("src", Content, Keys(1))).ETag;
            var wrong = await s3.CopyAsync("src", "dst", Merge(Both(1, 1), H("x-amz-copy-source-if-match", "0000")));
            var right = await s3.CopyAsync("src", "dst", Merge(Both(1, 1), H("x-amz-copy-source-if-match", etag)));
            return $"{wrong.Word()} {right.Word()}";
        }),
        new("Copy, If-None-Match * onto an existing key, both", "501", "501", "200 echo, overwritten", "412, kept", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            await s3.PutAsync("dst", Bytes(5), Keys(1));
            return await OntoAsync(s3, Merge(Both(1, 1), H("If-None-Match", "*")));
        }),
        Row.CephAndAws("Copy, If-None-Match * onto an existing key, plain", "200 silent, overwritten", "412, kept", async s3 =>
        {
            await s3.PutAsync("src", Content);
            await s3.PutAsync("dst", Bytes(5));
            return await OntoAsync(s3, H("If-None-Match", "*"));
        }),
        new("Copy, If-Match wrong, SSE-C", "501", "501", "200 echo, overwritten", "412, kept", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            await s3.PutAsync("dst", Bytes(5), Keys(1));
            return await OntoAsync(s3, Merge(Both(1, 1), H("If-Match", "0000")));
        }),
        Row.CephAndAws("Copy, If-Match wrong, plain", "200 silent, overwritten", "412, kept", async s3 =>
        {
            await s3.PutAsync("src", Content);
            await s3.PutAsync("dst", Bytes(5));
            return await OntoAsync(s3, H("If-Match", "0000"));
        }),
    ];

    private static async Task<string> EncryptedAsync(S3Session s3, Dictionary<string, string> headers, int key)
    {
        string etag = (await s3.PutAsync("src", Content, Keys(1))).ETag;
        return await CopyWordAsync(s3, "src", "dst", headers, key, etag);
    }

    private static async Task<string> CopyWordAsync(S3Session s3, string source, string destination, Dictionary<string, string> headers, int key, string? etag)
    {
        var copy = await s3.CopyAsync(source, destination, headers);
        if (copy.Status != 200)
            return copy.Word();
        string word = $"{copy.Word()}, {await s3.StoredAsAsync(destination, Content, key)}";
        return etag is null ? word : word + (copy.Element("ETag")!.Trim('"') == etag ? ", ETag kept" : ", other ETag");
    }

    private static async Task<string> OntoAsync(S3Session s3, Dictionary<string, string> headers)
    {
        var copy = await s3.CopyAsync("src", "dst", headers);
        if (copy.Status == 501)
            return copy.Word();
        string now = await s3.StoredAsAsync("dst", Content);
        return $"{copy.Word()}, {(now is "plain" or "encrypted" ? "overwritten" : "kept")}";
    }
}
