using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace SseCFs.EndToEnd.Harness;

/// <summary>
/// Signed raw requests to one bucket, written for the tests alone: what they say about the bytes on the service must
/// not depend on the code under test, nor on its SDK. Signature: AWS Signature Version 4, path style, payload unsigned.
/// </summary>
public sealed class S3Client : IDisposable
{
    private const string EmptyMd5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
    private static readonly XNamespace Xml = "http://s3.amazonaws.com/doc/2006-03-01/";
    private readonly Endpoint _endpoint;
    private readonly string _bucket;
    private readonly HttpClient _http;

    public S3Client(Endpoint endpoint, string bucket)
    {
        _endpoint = endpoint;
        _bucket = bucket;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = Trusts(endpoint) } });
    }

    public void Dispose() => _http.Dispose();

    public async Task MakeBucketAsync() => (await SendAsync(HttpMethod.Put, "")).Message.EnsureSuccessStatusCode();

    /// <summary>Removes the bucket with all it holds.</summary>
    public async Task RemoveBucketAsync()
    {
        foreach (var key in await ListAsync("")) await DeleteAsync(key);
        (await SendAsync(HttpMethod.Delete, "")).Message.EnsureSuccessStatusCode();
    }

    public Task<Reply> GetAsync(string key, byte[]? customerKey) => SendAsync(HttpMethod.Get, key, customerKey);

    public Task<Reply> HeadAsync(string key, byte[]? customerKey) => SendAsync(HttpMethod.Head, key, customerKey);

    /// <summary>Stores an object, plain when there is no key; metadata names come without their <c>x-amz-meta-</c>.</summary>
    public async Task PutAsync(string key, byte[] content, byte[]? customerKey, params (string Name, string Value)[] metadata)
    {
        var reply = await SendAsync(HttpMethod.Put, key, customerKey, content, metadata.Select(m => ("x-amz-meta-" + m.Name, m.Value)));
        reply.Message.EnsureSuccessStatusCode();
    }

    /// <summary>The service's XML of multipart uploads that are neither completed nor aborted.</summary>
    public async Task<string> ListUploadsAsync() => Encoding.UTF8.GetString((await SendAsync(HttpMethod.Get, "", query: "uploads=")).Content);

    /// <summary>Aborts the uploads of a key that are neither completed nor aborted, as a rule of the bucket or another program may.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> AbortUploadsAsync(string key)
    {
        var uploads = XDocument.Parse(await ListUploadsAsync()).Root!.Elements(Xml + "Upload").Where(upload => upload.Element(Xml + "Key")!.Value == key).ToList();
        foreach (var upload in uploads)
        {
            (await SendAsync(HttpMethod.Delete, key, query: "uploadId=" + Uri.EscapeDataString(upload.Element(Xml + "UploadId")!.Value))).Message.EnsureSuccessStatusCode();
        }
        return uploads.Count;
    }

    /// <summary>What the bucket's encryption configuration blocks: "SSE-C" or "NONE".</summary>
    public async Task BlockAsync(string types)
    {
        var setting = $"<ServerSideEncryptionConfiguration><Rule><BlockedEncryptionTypes><EncryptionType>{types}</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>";
        (await SendAsync(HttpMethod.Put, "", content: Encoding.UTF8.GetBytes(setting), query: "encryption=")).Message.EnsureSuccessStatusCode();
    }

    public async Task DeleteAsync(string key) => (await SendAsync(HttpMethod.Delete, key)).Message.EnsureSuccessStatusCode();

    /// <summary>Deletes all keys with the prefix, a thousand at a time.</summary>
    public async Task DeleteAllAsync(string prefix)
    {
        foreach (var keys in (await ListAsync(prefix)).Chunk(1000))
        {
            var objects = keys.Select(key => new XElement("Object", new XElement("Key", key)));
            var body = new XElement("Delete", new XElement("Quiet", true), objects);
            var content = Encoding.UTF8.GetBytes(body.ToString());
#pragma warning disable CA5351 // S3 asks for the MD5 of this request.
            var digest = Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
            var reply = await SendAsync(HttpMethod.Post, "", content: content, headers: [("content-md5", digest)], query: "delete=");
            reply.Message.EnsureSuccessStatusCode();
        }
    }

    /// <summary>All keys with the prefix, in the service's order.</summary>
    public async Task<List<string>> ListAsync(string prefix)
    {
        var keys = new List<string>();
        string? token = null;
        do
        {
            var query = "list-type=2&encoding-type=url&prefix=" + Uri.EscapeDataString(prefix);
            if (token is not null) query = "continuation-token=" + Uri.EscapeDataString(token) + "&" + query;
            var reply = await SendAsync(HttpMethod.Get, "", query: query);
            reply.Message.EnsureSuccessStatusCode();
            // Ceph's continuation token is the last key, and with control characters in it that is no XML a strict reader takes.
            using var reader = XmlReader.Create(new MemoryStream(reply.Content), new XmlReaderSettings { CheckCharacters = false });
            var root = XDocument.Load(reader).Root!;
            keys.AddRange(root.Elements(Xml + "Contents").Select(e => Uri.UnescapeDataString(e.Element(Xml + "Key")!.Value.Replace('+', ' '))));
            token = root.Element(Xml + "NextContinuationToken")?.Value;
        }
        while (token is not null);

        return keys;
    }

    /// <summary>Any request to an object, or to the bucket if the key is empty. A header x-amz-content-sha256 is taken for the hash of the content.</summary>
    public async Task<Reply> SendAsync(HttpMethod method, string key, byte[]? customerKey = null, byte[]? content = null,
        IEnumerable<(string Name, string Value)>? headers = null, string query = "")
    {
        var path = "/" + _bucket + (key.Length == 0 ? "" : "/" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString)));
        // Keys such as "a//b" or "x/../y" must arrive as they are.
        var url = new Uri(_endpoint.Url.GetLeftPart(UriPartial.Authority) + path + (query.Length == 0 ? "" : "?" + query),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, url);
        var time = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var signed = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = url.Authority,
            ["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD",
            ["x-amz-date"] = time,
        };
        foreach (var (name, value) in headers ?? []) signed[name] = value;
        if (customerKey is not null)
        {
            const string Prefix = "x-amz-server-side-encryption-customer-";
            signed[Prefix + "algorithm"] = "AES256";
            signed[Prefix + "key"] = Convert.ToBase64String(customerKey);
#pragma warning disable CA5351 // S3 names the key by its MD5.
            signed[Prefix + "key-md5"] = Convert.ToBase64String(MD5.HashData(customerKey));
#pragma warning restore CA5351
        }

        if (content is not null) request.Content = new ByteArrayContent(content);
        else if (method == HttpMethod.Put) request.Content = new ByteArrayContent([]) { Headers = { ContentMD5 = Convert.FromBase64String(EmptyMd5) } };
        foreach (var (name, value) in signed)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("authorization", Sign(method, path, query, signed, time));

        var message = await _http.SendAsync(request);
        return new Reply(message, await message.Content.ReadAsByteArrayAsync());
    }

    private string Sign(HttpMethod method, string path, string query, SortedDictionary<string, string> headers, string time)
    {
        var parameters = string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var names = string.Join(';', headers.Keys);
        var lines = string.Concat(headers.Select(h => $"{h.Key}:{h.Value.Trim()}\n"));
        var canonical = $"{method}\n{path}\n{parameters}\n{lines}\n{names}\n{headers["x-amz-content-sha256"]}";
        var scope = $"{time[..8]}/us-east-1/s3/aws4_request";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + _endpoint.SecretKey);
        foreach (var step in new[] { time[..8], "us-east-1", "s3", "aws4_request", toSign })
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        return $"AWS4-HMAC-SHA256 Credential={_endpoint.AccessKey}/{scope}, SignedHeaders={names}, Signature={Convert.ToHexStringLower(key)}";
    }

    private static RemoteCertificateValidationCallback? Trusts(Endpoint endpoint)
    {
        if (endpoint.CertificateFile is not { } file) return null;
        var trusted = X509Certificate2.CreateFromPem(File.ReadAllText(file));
        return (_, certificate, _, _) => certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(trusted.RawData);
    }
}

/// <summary>An answer with its body read.</summary>
public sealed record Reply(HttpResponseMessage Message, byte[] Content)
{
    public HttpStatusCode Status => Message.StatusCode;

    /// <summary>The metadata value under a name without <c>x-amz-meta-</c>, or null.</summary>
    public string? Metadata(string name) => Message.Headers.TryGetValues("x-amz-meta-" + name, out var values) ? values.First() : null;
}
