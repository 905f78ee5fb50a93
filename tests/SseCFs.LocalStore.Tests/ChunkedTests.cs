using System.Text;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

/// <summary>aws-chunked uploads: signed chunks, and trailers signed and unsigned.</summary>
public sealed class ChunkedTests
{
    private static readonly byte[] Content = Wording.Bytes(300_001);

    [Theory]
    [InlineData(8192)]
    [InlineData(65_536)]
    [InlineData(300_001)]
    public async Task Signed_chunks_are_taken_apart(int chunkSize)
    {
        await using var store = await TestStore.StartAsync();
        var put = await SendAsync(store.S3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", chunkSize, null, null);
        Assert.Equal("200 echo", put.Word());
        var get = await store.S3.GetAsync("o", Keys(1));
        Assert.Equal(Content, get.Body);
        Assert.Null(get.Header("Content-Encoding"));
    }

    [Fact]
    public async Task A_chunk_with_a_wrong_signature_is_refused_and_nothing_stored()
    {
        await using var store = await TestStore.StartAsync();
        var put = await SendAsync(store.S3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 65_536, null, null, body => body[^300] ^= 1);
        Assert.Equal((403, "SignatureDoesNotMatch"), (put.Status, put.Element("Code")));
        Assert.Equal(404, (await store.S3.HeadAsync("o", Keys(1))).Status);
    }

    [Fact]
    public async Task A_content_that_is_not_as_long_as_announced_is_refused()
    {
        await using var store = await TestStore.StartAsync();
        foreach (int length in (int[])[Content.Length - 1, Content.Length + 1])
            Assert.Equal(400, (await SendAsync(store.S3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 65_536, null, null, decodedLength: length)).Status);
        Assert.Equal(404, (await store.S3.HeadAsync("o", Keys(1))).Status);
    }

    public static TheoryData<string, string> TrailerCases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string mode in (string[])["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"])
            {
                foreach (var algorithm in ChecksumAlgorithms.All)
                    data.Add(mode, algorithm.Name());
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(TrailerCases))]
    public async Task Trailers_are_checked_and_kept(string mode, string algorithmName)
    {
        await using var store = await TestStore.StartAsync();
        var algorithm = ChecksumAlgorithms.Find(algorithmName)!.Value;
        using var checksum = new Checksum(algorithm);
        checksum.Append(Content);
        string value = Convert.ToBase64String(checksum.Finish());

        var put = await SendAsync(store.S3, mode, 65_536, algorithm, value);
        Assert.Equal(("200 echo", value), (put.Word(), put.Header(algorithm.Header())));
        var get = await store.S3.GetAsync("o", Merge(Keys(1), H("x-amz-checksum-mode", "ENABLED")));
        Assert.Equal(Content, get.Body);
        Assert.Equal(value, get.Header(algorithm.Header()));

        string wrong = Convert.ToBase64String(new byte[algorithm.Length()]);
        var refused = await SendAsync(store.S3, mode, 65_536, algorithm, wrong);
        Assert.Equal((400, "BadDigest"), (refused.Status, refused.Element("Code")));
        Assert.Equal(put.ETag, (await store.S3.HeadAsync("o", Keys(1))).ETag);
    }

    [Fact]
    public async Task A_signed_trailer_cannot_be_changed()
    {
        await using var store = await TestStore.StartAsync();
        using var checksum = new Checksum(ChecksumAlgorithm.Crc32);
        checksum.Append(Content);
        string value = Convert.ToBase64String(checksum.Finish());
        var put = await SendAsync(store.S3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", 65_536, ChecksumAlgorithm.Crc32, value,
            body => body[body.AsSpan().LastIndexOf("x-amz-trailer-signature:"u8) + 30] ^= 1);
        Assert.Equal(403, put.Status);
    }

    private static Task<S3Answer> SendAsync(
        S3Session s3, string mode, int chunkSize, ChecksumAlgorithm? algorithm, string? checksum, Action<byte[]>? change = null, int? decodedLength = null)
    {
        bool isSigned = mode.Contains("HMAC", StringComparison.Ordinal);
        DateTimeOffset now = s3.Now;
        var headers = Merge(Keys(1), H("x-amz-content-sha256", mode, "Content-Encoding", "aws-chunked",
            "x-amz-decoded-content-length", $"{decodedLength ?? Content.Length}"));
        if (algorithm is { } a)
            headers["x-amz-trailer"] = a.Header();
        var signed = s3.HeadersToSign(headers, null, now);
        var (authorization, signature) = s3.Signer.Sign("PUT", "/bucket/o", "", signed, mode, now);

        var body = new MemoryStream();
        for (int offset = 0; offset < Content.Length; offset += chunkSize)
        {
            byte[] chunk = Content[offset..Math.Min(Content.Length, offset + chunkSize)];
            AppendChunk(chunk);
            if (chunk.Length > 0 && offset + chunkSize >= Content.Length)
                AppendChunk([]);
        }
        if (algorithm is { } name)
        {
            string trailer = $"{name.Header()}:{checksum}";
            body.Write(Encoding.ASCII.GetBytes(trailer + "\r\n"));
            if (isSigned)
            {
                string hash = Signer.Hash(Encoding.ASCII.GetBytes(trailer + "\n"));
                body.Write(Encoding.ASCII.GetBytes($"x-amz-trailer-signature:{s3.Signer.ChunkSignature("AWS4-HMAC-SHA256-TRAILER", now, signature, hash)}\r\n"));
            }
        }
        body.Write("\r\n"u8);
        byte[] bytes = body.ToArray();
        change?.Invoke(bytes);
        return s3.TransmitAsync("PUT", "/bucket/o", "", signed, authorization, bytes);

        void AppendChunk(byte[] chunk)
        {
            string head = $"{chunk.Length:x}";
            if (isSigned)
            {
                signature = s3.Signer.ChunkSignature("AWS4-HMAC-SHA256-PAYLOAD", now, signature, $"{Signer.EmptyHash}\n{Signer.Hash(chunk)}");
                head += $";chunk-signature={signature}";
            }
            body.Write(Encoding.ASCII.GetBytes(head + "\r\n"));
            body.Write(chunk);
            if (chunk.Length > 0)
                body.Write("\r\n"u8);
        }
    }
}
