using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SseCFs.LocalStore.Tests;

/// <summary>Signature Version 4 from the client's side, written apart from the server's so that a mistake in one shows.</summary>
internal sealed class Signer(string accessKey, string secretKey, string region = "us-east-1")
{
    public const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public string Scope(DateTimeOffset time) => $"{Day(time)}/{region}/s3/aws4_request";

    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture);

    /// <returns>The Authorization header, and the signature alone, which seeds a chunk chain.</returns>
    public (string Authorization, string Signature) Sign(
        string method, string rawPath, string rawQuery, SortedDictionary<string, string> headers, string payload, DateTimeOffset time)
    {
        string names = string.Join(';', headers.Keys);
        string canonical = Canonical(method, rawPath, rawQuery, headers, names, payload);
        string signature = Signature("AWS4-HMAC-SHA256", time, Hash(canonical));
        return ($"AWS4-HMAC-SHA256 Credential={accessKey}/{Scope(time)}, SignedHeaders={names}, Signature={signature}", signature);
    }

    /// <returns>The query of a presigned URL, with its signature.</returns>
    public string Presign(string method, string rawPath, string host, DateTimeOffset time, int seconds)
    {
        string query = $"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={Uri.EscapeDataString($"{accessKey}/{Scope(time)}")}"
            + $"&X-Amz-Date={Stamp(time)}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host";
        string canonical = Canonical(method, rawPath, query, new() { ["host"] = host }, "host", "UNSIGNED-PAYLOAD");
        return query + "&X-Amz-Signature=" + Signature("AWS4-HMAC-SHA256", time, Hash(canonical));
    }

    /// <summary>The signature of one chunk, or of the trailers.</summary>
    public string ChunkSignature(string kind, DateTimeOffset time, string previous, string hashes) => Signature(kind, time, previous + "\n" + hashes);

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private string Signature(string kind, DateTimeOffset time, string rest)
    {
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(Day(time)));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(region));
        key = HMACSHA256.HashData(key, "s3"u8);
        key = HMACSHA256.HashData(key, "aws4_request"u8);
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{kind}\n{Stamp(time)}\n{Scope(time)}\n{rest}")));
    }

    private static string Canonical(string method, string rawPath, string rawQuery, SortedDictionary<string, string> headers, string names, string payload)
    {
        var query = rawQuery.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Contains('=') ? p : p + "=").Order(StringComparer.Ordinal);
        return $"{method}\n{rawPath}\n{string.Join('&', query)}\n{string.Concat(headers.Select(h => $"{h.Key}:{h.Value.Trim()}\n"))}\n{names}\n{payload}";
    }

    private static string Hash(string latin1) => Hash(Encoding.Latin1.GetBytes(latin1));

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
