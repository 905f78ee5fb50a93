using System.Security.Cryptography;
using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>UploadPartCopy.</summary>
internal static class PartCopyRows
{
    private const int PartSize = 5 << 20;

    private static readonly byte[] Content = Bytes(150_000);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Part copy, same key, both: whole", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", s3 => CopyAsync(s3, 1, 1, Both(1, 1))),
        new("Part copy, same key, both: 12345-67890", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", s3 => CopyAsync(s3, 1, 1, Both(1, 1), 12345, 67890)),
        new("Part copy, same key, both: 1-1", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", s3 => CopyAsync(s3, 1, 1, Both(1, 1), 1, 1)),
        new("Part copy of zero bytes, both", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", async s3 =>
        {
            await s3.PutAsync("src", [], Keys(1));
            return await CopyFromAsync(s3, "src", "dst", 1, Both(1, 1), [], null);
        }),
        new("Part copy onto itself, both", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            return await CopyFromAsync(s3, "src", "src", 1, Both(1, 1), Content, null);
        }),
        new("Part copy from multipart over a part seam, both", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", async s3 =>
        {
            byte[] first = Bytes(PartSize, 2), second = Bytes(70_000, 3);
            await s3.UploadAsync("src", Keys(1), first, second);
            int from = PartSize - 1000, to = PartSize + 66_000;
            return await CopyFromAsync(s3, "src", "dst", 1, Both(1, 1), ((byte[])[.. first, .. second])[from..(to + 1)], (from, to));
        }),
        Row.Same("Copied, uploaded and copied part in one object; ranges over the seams", "200, bytes right", CopiedAndUploadedAsync),
        Row.CephAndAws("Part copy: ETag", "MD5", "opaque", async s3 =>
        {
            await s3.PutAsync("src", Content, Keys(1));
            var copy = await s3.CopyPartAsync("dst", await s3.CreateUploadAsync("dst", Keys(1)), 1, "src", Both(1, 1));
            return copy.Element("ETag")!.Trim('"') == Convert.ToHexStringLower(MD5.HashData(Content)) ? "MD5" : "opaque";
        }),
        new("Part copy, keys only", "200 silent, encrypted", "200 silent, encrypted", "400", "400", s3 => CopyAsync(s3, 1, 1, Keys(1))),
        Row.Same("Part copy, source keys only, into an SSE-C upload", "400", s3 => CopyAsync(s3, 1, 1, SourceKeys(1))),
        Row.Same("Part copy, no keys, into an SSE-C upload", "400", s3 => CopyAsync(s3, 1, 1, [])),
        new("Part copy, wrong source key, right key", "200 silent, encrypted", "200 silent, encrypted", "400", "403", s3 => CopyAsync(s3, 1, 1, Both(1, 2))),
        new("Part copy, key 1 to key 2", "400", "400", "200 echo, encrypted", "200 echo, encrypted", s3 => CopyAsync(s3, 1, 2, Both(2, 1))),
        new("Part copy, plain source into an SSE-C upload", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "200 echo, encrypted", s3 => CopyAsync(s3, null, 1, Keys(1))),
        new("Part copy, SSE-C source into a plain upload, source keys", "400", "400", "200 silent, plain", "200 silent, plain", s3 => CopyAsync(s3, 1, null, SourceKeys(1))),
        Row.Same("Part copy, SSE-C source into a plain upload, no keys", "400", s3 => CopyAsync(s3, 1, null, [])),
        new("Part copy, x-amz-copy-source-if-match wrong", "200 silent, encrypted", "200 silent, encrypted", "200 echo, encrypted", "412", s3 =>
            CopyAsync(s3, 1, 1, Merge(Both(1, 1), H("x-amz-copy-source-if-match", "0000")))),
        new("Part copy, x-amz-copy-source-if-none-match right", "200 silent", "200 silent", "200 echo", "412", async s3 =>
        {
            string etag = (await s3.PutAsync("src", Content, Keys(1))).ETag;
            string upload = await s3.CreateUploadAsync("dst", Keys(1));
            return (await s3.CopyPartAsync("dst", upload, 1, "src", Merge(Both(1, 1), H("x-amz-copy-source-if-none-match", etag)))).Word();
        }),
        Row.CephAndAws("Part copy, range past the end", "416", "400", s3 => CopyAsync(s3, 1, 1, Both(1, 1), 149_999, 150_000)),
    ];

    private static async Task<string> CopyAsync(S3Session s3, int? sourceKey, int? uploadKey, Dictionary<string, string> headers, int? first = null, int? last = null)
    {
        await s3.PutAsync("src", Content, sourceKey is { } k ? Keys(k) : null);
        byte[] expected = first is null || last >= Content.Length ? Content : Content[first.Value..(last!.Value + 1)];
        return await CopyFromAsync(s3, "src", "dst", uploadKey, headers, expected, first is null ? null : (first.Value, last!.Value));
    }

    private static async Task<string> CopyFromAsync(
        S3Session s3, string source, string destination, int? uploadKey, Dictionary<string, string> headers, byte[] expected, (int First, int Last)? range)
    {
        var uploadKeys = uploadKey is { } k ? Keys(k) : null;
        string upload = await s3.CreateUploadAsync(destination, uploadKeys);
        var copy = await s3.CopyPartAsync(destination, upload, 1, source, range is { } r ? Merge(headers, H("x-amz-copy-source-range", $"bytes={r.First}-{r.Last}")) : headers);
        if (copy.Status != 200)
            return copy.Word();
        var complete = await s3.CompleteAsync(destination, upload, [copy.Element("ETag")!.Trim('"')], uploadKeys);
        return complete.Status == 200 ? $"{copy.Word()}, {await s3.StoredAsAsync(destination, expected, uploadKey ?? 1)}" : $"complete: {complete.Status}";
    }

    private static async Task<string> CopiedAndUploadedAsync(S3Session s3)
    {
        byte[] source = Bytes(2 * PartSize + 100, 4), middle = Bytes(PartSize, 5);
        await s3.PutAsync("src", source, Keys(1));
        string upload = await s3.CreateUploadAsync("dst", Keys(1));
        var one = await s3.CopyPartAsync("dst", upload, 1, "src", Merge(Both(1, 1), H("x-amz-copy-source-range", $"bytes=7-{PartSize + 6}")));
        var two = await s3.UploadPartAsync("dst", upload, 2, middle, Keys(1));
        var three = await s3.CopyPartAsync("dst", upload, 3, "src", Merge(Both(1, 1), H("x-amz-copy-source-range", $"bytes={PartSize}-{2 * PartSize + 99}")));
        var complete = await s3.CompleteAsync("dst", upload, [one.Element("ETag")!.Trim('"'), two.ETag, three.Element("ETag")!.Trim('"')], Keys(1));
        byte[] all = [.. source[7..(PartSize + 7)], .. middle, .. source[PartSize..]];
        bool right = true;
        foreach (int seam in (int[])[PartSize, 2 * PartSize])
        {
            var get = await s3.GetAsync("dst", Merge(Keys(1), H("Range", $"bytes={seam - 70_001}-{seam + 70_002}")));
            right &= get.Body.AsSpan().SequenceEqual(all.AsSpan(seam - 70_001, 140_004));
        }
        right &= (await s3.GetAsync("dst", Keys(1))).Body.AsSpan().SequenceEqual(all);
        return $"{complete.Status}, bytes {(right ? "right" : "wrong")}";
    }
}
