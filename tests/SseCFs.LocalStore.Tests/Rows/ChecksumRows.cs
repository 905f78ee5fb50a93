using System.Security.Cryptography;
using System.Text;
using SseCFs.LocalStore.Checksums;
using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>Checksums and aws-chunked.</summary>
internal static class ChecksumRows
{
    private static readonly byte[] Content = Bytes(10_000);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Unsigned trailer, crc32 right", "400 XAmzContentSHA256Mismatch", "200, bytes right, aws-chunked", "200, bytes right, checksum", "200, bytes right, checksum", async s3 =>
        {
            var put = await TrailerAsync(s3, Crc32(Content));
            if (put.Status != 200)
                return $"{put.Status} {put.Element("Code")}";
            var get = await s3.GetAsync("o", Keys(1));
            return $"200, bytes {(get.Body.AsSpan().SequenceEqual(Content) ? "right" : "wrong")}, {put.Header("x-amz-checksum-crc32") switch
            {
                null => get.Header("Content-Encoding") ?? "nothing kept",
                _ => get.Header("Content-Encoding") is null ? "checksum" : "both",
            }}";
        }),
        new("Unsigned trailer, crc32 wrong", "400", "200", "400 BadDigest", "400 BadDigest", async s3 =>
        {
            var put = await TrailerAsync(s3, "AAAAAA==");
            return put.Element("Code") == "BadDigest" ? "400 BadDigest" : $"{put.Status}";
        }),
        Row.Same("UNSIGNED-PAYLOAD", "200 echo", async s3 => await s3.PutWordAsync("o", Content, Merge(Keys(1), H("x-amz-content-sha256", "UNSIGNED-PAYLOAD")))),
        Row.CephAndAws("x-amz-checksum-* wrong, that header alone", "200 200 200 200", "400 400 400 400", async s3 =>
        {
            var statuses = new List<int>();
            foreach (string name in (string[])["crc32", "crc32c", "sha256", "crc64nvme"])
                statuses.Add((await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-checksum-" + name, Wrong(name))))).Status);
            return string.Join(' ', statuses);
        }),
        new("crc32 and crc32c wrong, with x-amz-sdk-checksum-algorithm", "200 200", "200 200", "400 400", "400 400", async s3 =>
        {
            var statuses = new List<int>();
            foreach (string name in (string[])["crc32", "crc32c"])
                statuses.Add((await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-checksum-" + name, Wrong(name), "x-amz-sdk-checksum-algorithm", name.ToUpperInvariant())))).Status);
            return string.Join(' ', statuses);
        }),
        new("crc32 and sha256 right, with x-amz-sdk-checksum-algorithm", "200 not kept, 200 not kept", "200 not kept, 200 not kept", "200 FULL_OBJECT, 200 FULL_OBJECT", "200 FULL_OBJECT, 200 FULL_OBJECT", async s3 =>
            $"{await KeptAsync(s3, "crc32", Crc32(Content))}, {await KeptAsync(s3, "sha256", Convert.ToBase64String(SHA256.HashData(Content)))}"),
        new("UploadPart crc32 wrong, upload made with CRC32", "200", "200", "400", "400", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m", Merge(Keys(1), H("x-amz-checksum-algorithm", "CRC32")));
            return $"{(await s3.UploadPartAsync("m", upload, 1, Content, Merge(Keys(1), H("x-amz-checksum-crc32", "AAAAAA=="))))
                .Status}";
        }),
        Row.Same("Content-MD5 wrong", "400 BadDigest", async s3 =>
        {
            var put = await s3.PutAsync("o", Content, Merge(Keys(1), H("Content-MD5", Convert.ToBase64String(new byte[16]))));
            return $"{put.Status} {put.Element("Code")}";
        }),
        Row.Same("Content-MD5 right", "200 echo", async s3 => await s3.PutWordAsync("o", Content, Merge(Keys(1), H("Content-MD5", Convert.ToBase64String(MD5.HashData(Content)))))),
    ];

    private static string Crc32(byte[] bytes)
    {
        using var checksum = new Checksum(ChecksumAlgorithm.Crc32);
        checksum.Append(bytes);
        return Convert.ToBase64String(checksum.Finish());
    }

    private static string Wrong(string name) => Convert.ToBase64String(new byte[name switch { "sha256" => 32, "crc64nvme" => 8, _ => 4 }]);

    private static Task<S3Answer> TrailerAsync(S3Session s3, string crc32)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes($"{Content.Length:x}\r\n"), .. Content, .. Encoding.ASCII.GetBytes($"\r\n0\r\nx-amz-checksum-crc32:{crc32}\r\n\r\n")];
        return s3.PutAsync("o", body, Merge(Keys(1), H("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer", "x-amz-checksum-crc32",
            "Content-Encoding", "aws-chunked", "x-amz-decoded-content-length", $"{Content.Length}")));
    }

    private static async Task<string> KeptAsync(S3Session s3, string name, string value)
    {
        var put = await s3.PutAsync("o", Content, Merge(Keys(1), H("x-amz-checksum-" + name, value, "x-amz-sdk-checksum-algorithm", name.ToUpperInvariant())));
        var head = await s3.HeadAsync("o", Merge(Keys(1), H("x-amz-checksum-mode", "ENABLED")));
        var get = await s3.GetAsync("o", Merge(Keys(1), H("x-amz-checksum-mode", "ENABLED")));
        bool kept = put.Header("x-amz-checksum-" + name) == value && head.Header("x-amz-checksum-" + name) == value && get.Header("x-amz-checksum-" + name) == value;
        return $"{put.Status} {(kept ? head.Header("x-amz-checksum-type") : "not kept")}";
    }
}
