using System.Security.Cryptography;
using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>PUT, GET and HEAD.</summary>
internal static class ObjectRows
{
    private static readonly byte[] Content = Bytes(10_000);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Server header", "none", "none", "Ceph Object Gateway (tentacle)", "AmazonS3", async s3 => (await s3.HeadAsync("nothing")).Header("Server") ?? "none"),
        Row.CephAndAws("PUT SSE-C: reply and ETag", "200 echo, MD5", "200 echo, opaque", async s3 =>
        {
            var put = await s3.PutAsync("o", Content, Keys(1));
            return $"{put.Word()}, {(put.ETag == Convert.ToHexStringLower(MD5.HashData(Content)) ? "MD5" : "opaque")}";
        }),
        Row.Same("PUT plain: ETag is the MD5", "200 silent, MD5", async s3 =>
        {
            var put = await s3.PutAsync("o", Content);
            return $"{put.Word()}, {(put.ETag == Convert.ToHexStringLower(MD5.HashData(Content)) ? "MD5" : "opaque")}";
        }),
        Row.Same("PUT SSE-C, key MD5 wrong", "400 InvalidArgument", async s3 =>
        {
            var keys = Merge(Keys(1), H("x-amz-server-side-encryption-customer-key-MD5", Keys(2)["x-amz-server-side-encryption-customer-key-MD5"]));
            var put = await s3.PutAsync("o", Content, keys);
            return $"{put.Status} {put.Element("Code")}";
        }),
        Row.Same("PUT SSE-C, only the algorithm", "400", async s3 => await s3.PutWordAsync("o", Content, H("x-amz-server-side-encryption-customer-algorithm", "AES256"))),
        Row.Same("PUT SSE-C, no algorithm", "400", async s3 =>
        {
            var keys = Keys(1);
            keys.Remove("x-amz-server-side-encryption-customer-algorithm");
            return await s3.PutWordAsync("o", Content, keys);
        }),
        Row.Same("PUT SSE-C, another algorithm", "400 InvalidEncryptionAlgorithmError", async s3 =>
        {
            var put = await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-server-side-encryption-customer-algorithm", "AES128")));
            return $"{put.Status} {put.Element("Code")}";
        }),
        Row.Same("PUT SSE-C, key of 31 bytes", "400", async s3 =>
        {
            byte[] key = Bytes(31);
            return await s3.PutWordAsync("o", Content, Merge(Keys(1), H("x-amz-server-side-encryption-customer-key", Convert.ToBase64String(key),
                "x-amz-server-side-encryption-customer-key-MD5", Convert.ToBase64String(MD5.HashData(key)))));
        }),
        Row.CephAndAws("GET and HEAD of SSE-C: no key", "400 400", "400 400", async s3 =>
        {
            await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-meta-mode", "33188")));
            var (get, head) = (await s3.GetAsync("o"), await s3.HeadAsync("o"));
            return head.Body.Length > 0 || head.Header("x-amz-meta-mode") is not null ? "tells too much" : $"{get.Word()} {head.Word()}";
        }),
        Row.CephAndAws("GET and HEAD of SSE-C: wrong key", "400 400", "403 403", async s3 =>
        {
            await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-meta-mode", "33188")));
            var (get, head) = (await s3.GetAsync("o", Keys(2)), await s3.HeadAsync("o", Keys(2)));
            return head.Body.Length > 0 || head.Header("x-amz-meta-mode") is not null ? "tells too much" : $"{get.Word()} {head.Word()}";
        }),
        Row.Same("GET and HEAD of SSE-C: right key", "200 echo 200 echo, bytes right", async s3 =>
        {
            await s3.PutAsync("o", Content, Keys(1));
            var (get, head) = (await s3.GetAsync("o", Keys(1)), await s3.HeadAsync("o", Keys(1)));
            return $"{get.Word()} {head.Word()}, bytes {(get.Body.AsSpan().SequenceEqual(Content) ? "right" : "wrong")}";
        }),
        Row.CephAndAws("GET and HEAD of a plain object with keys", "200 silent 200 silent", "400 400", async s3 =>
        {
            await s3.PutAsync("o", Content);
            return $"{(await s3.GetAsync("o", Keys(1))).Word()} {(await s3.HeadAsync("o", Keys(1))).Word()}";
        }),
        Row.Same("GET SSE-C, ranges", "206 206 206 206, bytes right", async s3 =>
        {
            await s3.PutAsync("o", Content, Keys(1));
            string words = "";
            bool right = true;
            foreach (var (first, last) in ((int, int)[])[(0, 0), (4095, 4096), (1234, 7777), (9999, 9999)])
            {
                var get = await s3.GetAsync("o", Merge(Keys(1), H("Range", $"bytes={first}-{last}")));
                words += get.Status + " ";
                right &= get.Body.AsSpan().SequenceEqual(Content.AsSpan(first, last - first + 1)) && get.Header("Content-Range") == $"bytes {first}-{last}/10000";
            }
            return $"{words.TrimEnd()}, bytes {(right ? "right" : "wrong")}";
        }),
        new("PUT with keys and x-amz-server-side-encryption", "200 echo", "400", "400", "400", async s3 =>
            await s3.PutWordAsync("o", Content, Merge(Keys(1), H("x-amz-server-side-encryption", "AES256")))),
    ];
}
