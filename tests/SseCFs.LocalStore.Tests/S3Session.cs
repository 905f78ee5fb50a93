using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace SseCFs.LocalStore.Tests;

/// <summary>One answer: everything that the wire said.</summary>
internal sealed record S3Answer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public string ETag => Header("ETag")!.Trim('"');

    /// <summary>What an element of the document holds, XML-decoded; null where there is none.</summary>
    public string? Element(string name) =>
        Regex.Match(Text, $"<{name}(?: [^>]*)?>(.*?)</{name}>", RegexOptions.Singleline) is { Success: true } match
            ? System.Net.WebUtility.HtmlDecode(match.Groups[1].Value)
            : Text.Contains($"<{name} />", StringComparison.Ordinal) ? "" : null;

    public IReadOnlyList<string> Elements(string name) =>
        [.. Regex.Matches(Text, $"<{name}>(.*?)</{name}>", RegexOptions.Singleline).Select(m => System.Net.WebUtility.HtmlDecode(m.Groups[1].Value))];

    public bool Echoes => Header("x-amz-server-side-encryption-customer-algorithm") == "AES256" && Header("x-amz-server-side-encryption-customer-key-MD5") is not null;
}

/// <summary>
/// Raw signed requests to one bucket, header for header, so that a test says exactly what goes over the wire. Paths stay as they are given.
/// </summary>
internal sealed class S3Session(Uri endpoint, string accessKey, string secretKey, string bucket, TimeProvider? time = null, X509Certificate2? root = null) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        SslOptions = { CertificateChainPolicy = root is null ? null : TrustOnly(root) },
        UseProxy = false,
    })
    { Timeout = TimeSpan.FromSeconds(60) };

    public string Bucket { get; } = bucket;

    public Uri Endpoint { get; } = endpoint;

    public Signer Signer { get; init; } = new(accessKey, secretKey);

    public DateTimeOffset Now => (time ?? TimeProvider.System).GetUtcNow();

    public static byte[] Key(int n) => [.. Enumerable.Repeat((byte)n, 32)];

    public static Dictionary<string, string> Keys(int n, string prefix = "x-amz-server-side-encryption-customer-") => new()
    {
        [prefix + "algorithm"] = "AES256",
        [prefix + "key"] = Convert.ToBase64String(Key(n)),
        [prefix + "key-MD5"] = Convert.ToBase64String(MD5.HashData(Key(n))),
    };

    public static Dictionary<string, string> SourceKeys(int n) => Keys(n, "x-amz-copy-source-server-side-encryption-customer-");

    /// <summary>Keys of the destination, then of the source.</summary>
    public static Dictionary<string, string> Both(int destination, int source) => Merge(Keys(destination), SourceKeys(source));

    public static Dictionary<string, string> Merge(params Dictionary<string, string>?[] all)
    {
        var result = new Dictionary<string, string>();
        foreach (var headers in all)
        {
            foreach (var (name, value) in headers ?? [])
                result[name] = value;
        }
        return result;
    }

    public static Dictionary<string, string> H(params string[] namesAndValues)
    {
        var result = new Dictionary<string, string>();
        for (int i = 0; i < namesAndValues.Length; i += 2)
            result[namesAndValues[i]] = namesAndValues[i + 1];
        return result;
    }

    public static string Escape(string text) => string.Join('/', text.Split('/').Select(Uri.EscapeDataString));

    public Task<S3Answer> PutAsync(string key, byte[] body, Dictionary<string, string>? headers = null, string query = "") => SendAsync("PUT", key, query, headers, body);

    public Task<S3Answer> GetAsync(string key, Dictionary<string, string>? headers = null, string query = "") => SendAsync("GET", key, query, headers);

    public Task<S3Answer> HeadAsync(string key, Dictionary<string, string>? headers = null) => SendAsync("HEAD", key, "", headers);

    public Task<S3Answer> DeleteAsync(string key, Dictionary<string, string>? headers = null) => SendAsync("DELETE", key, "", headers);

    public Task<S3Answer> CopyAsync(string source, string destination, Dictionary<string, string>? headers = null) =>
        SendAsync("PUT", destination, "", Merge(H("x-amz-copy-source", $"/{Bucket}/{Escape(source)}"), headers));

    public async Task<string> CreateUploadAsync(string key, Dictionary<string, string>? headers = null)
    {
        var answer = await SendAsync("POST", key, "uploads", headers);
        return answer.Element("UploadId") ?? throw new InvalidOperationException($"{answer.Status} {answer.Text}");
    }

    public Task<S3Answer> UploadPartAsync(string key, string upload, int number, byte[] body, Dictionary<string, string>? headers = null) =>
        SendAsync("PUT", key, $"partNumber={number}&uploadId={Uri.EscapeDataString(upload)}", headers, body);

    public Task<S3Answer> CopyPartAsync(string key, string upload, int number, string source, Dictionary<string, string>? headers = null) =>
        SendAsync("PUT", key, $"partNumber={number}&uploadId={Uri.EscapeDataString(upload)}", Merge(H("x-amz-copy-source", $"/{Bucket}/{Escape(source)}"), headers));

    public Task<S3Answer> CompleteAsync(string key, string upload, IEnumerable<string> etags, Dictionary<string, string>? headers = null)
    {
        string parts = string.Concat(etags.Select((etag, i) => $"<Part><PartNumber>{i + 1}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"));
        return SendAsync("POST", key, "uploadId=" + Uri.EscapeDataString(upload), headers, Encoding.UTF8.GetBytes($"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"));
    }

    /// <summary>A whole multipart upload; the answer is Complete's.</summary>
    public async Task<S3Answer> UploadAsync(string key, Dictionary<string, string>? headers, params byte[][] parts)
    {
        string upload = await CreateUploadAsync(key, headers);
        var etags = new List<string>();
        for (int i = 0; i < parts.Length; i++)
            etags.Add((await UploadPartAsync(key, upload, i + 1, parts[i], headers)).ETag);
        return await CompleteAsync(key, upload, etags, headers);
    }

    /// <summary>A request to a key of the bucket ("" for the bucket itself), signed with its payload's hash unless headers say otherwise.</summary>
    public Task<S3Answer> SendAsync(string method, string key, string query, Dictionary<string, string>? headers = null, byte[]? body = null) =>
        SendRawAsync(method, "/" + Bucket + (key.Length > 0 ? "/" + Escape(key) : ""), query, headers, body);

    public async Task<S3Answer> SendRawAsync(
        string method, string rawPath, string query, Dictionary<string, string>? headers = null, byte[]? body = null, DateTimeOffset? signedAt = null)
    {
        DateTimeOffset at = signedAt ?? Now;
        var signed = HeadersToSign(headers, body, at);
        string authorization = Signer.Sign(method, rawPath, query, signed, signed["x-amz-content-sha256"], at).Authorization;
        return await TransmitAsync(method, rawPath, query, signed, authorization, body);
    }

    public SortedDictionary<string, string> HeadersToSign(Dictionary<string, string>? headers, byte[]? body, DateTimeOffset at)
    {
        var signed = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = Endpoint.Authority,
            ["x-amz-date"] = Signer.Stamp(at),
            ["x-amz-content-sha256"] = Signer.Hash(body ?? []),
        };
        foreach (var (name, value) in headers ?? [])
            signed[name.ToLowerInvariant()] = value;
        return signed;
    }

    public async Task<S3Answer> TransmitAsync(
        string method, string rawPath, string query, SortedDictionary<string, string> headers, string? authorization, byte[]? body)
    {
        // The path as it is: "..", "//" and %2F are part of keys.
        var uri = new Uri(Endpoint.GetLeftPart(UriPartial.Authority) + rawPath + (query.Length > 0 ? "?" + query : ""),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new HttpMethod(method), uri);
        if (body is not null || method is "PUT" or "POST")
            request.Content = new ByteArrayContent(body ?? []);
        foreach (var (name, value) in headers)
        {
            if (name == "host")
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content ??= new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        byte[] content = await response.Content.ReadAsByteArrayAsync();
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var header in ((IEnumerable<KeyValuePair<string, HeaderStringValues>>)response.Headers.NonValidated).Concat(response.Content.Headers.NonValidated))
            all[header.Key] = header.Value.ToString();
        return new S3Answer((int)response.StatusCode, all, content);
    }

    public void Dispose() => _http.Dispose();

    private static X509ChainPolicy TrustOnly(X509Certificate2 root) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        CustomTrustStore = { root },
    };
}
