using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SseCFs.LocalStore.Protocol;

/// <summary>
/// One request taken apart: bucket, key and query from the raw target (Kestrel's own path has lost "..", "//" and %2F, which
/// are ordinary in object keys), headers as Latin-1, so that one character is one byte of the wire.
/// </summary>
internal sealed class S3Request
{
    public S3Request(HttpContext http)
    {
        Http = http;
        Method = http.Request.Method;
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/') && Uri.TryCreate(target, UriKind.Absolute, out var absolute))
            target = target[(target.IndexOf(absolute.Authority, StringComparison.OrdinalIgnoreCase) + absolute.Authority.Length)..];
        int question = target.IndexOf('?');
        RawPath = question < 0 ? target : target[..question];
        Query = ParseQuery(question < 0 ? "" : target[(question + 1)..]);
        Path = PercentEncoding.Decode(RawPath, plusIsSpace: false)
            ?? throw new S3Exception(400, "InvalidURI", "Couldn't parse the specified URI.");
        int slash = Path.IndexOf('/', Math.Min(1, Path.Length));
        Bucket = slash < 0 ? Path[Math.Min(1, Path.Length)..] : Path[1..slash];
        Key = slash < 0 ? "" : Path[(slash + 1)..];
        if (Encoding.UTF8.GetByteCount(Key) > MaximumKeyBytes)
            throw new S3Exception(400, "KeyTooLongError", "Your key is too long");
        Operation = OperationTable.Find(this);
    }

    /// <summary>Bytes of a key in UTF-8.</summary>
    private const int MaximumKeyBytes = 1024;

    public HttpContext Http { get; }

    public string Method { get; }

    public string RawPath { get; }

    /// <summary>Decoded, with bucket and key.</summary>
    public string Path { get; }

    public IReadOnlyList<(string Name, string Value)> Query { get; }

    /// <summary>Empty for a request to the service.</summary>
    public string Bucket { get; }

    /// <summary>Empty for a request to the bucket.</summary>
    public string Key { get; }

    public Operation Operation { get; }

    public bool IsHead => Method == "HEAD";

    /// <summary>A header's value, several joined by a comma; null where there is none.</summary>
    public string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var values) ? string.Join(',', values.ToArray()) : null;

    /// <summary>A query parameter's value, "" for one without; null where there is none.</summary>
    public string? Parameter(string name)
    {
        foreach (var (n, value) in Query)
        {
            if (n == name)
                return value;
        }
        return null;
    }

    public bool Has(string parameter) => Parameter(parameter) is not null;

    public static List<(string Name, string Value)> ParseQuery(string query)
    {
        var result = new List<(string Name, string Value)>();
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            string? name = PercentEncoding.Decode(equals < 0 ? pair : pair.AsSpan(0, equals), plusIsSpace: true);
            string? value = equals < 0 ? "" : PercentEncoding.Decode(pair.AsSpan(equals + 1), plusIsSpace: true);
            if (name is null || value is null)
                throw new S3Exception(400, "InvalidURI", "Couldn't parse the specified URI.");
            result.Add((name, value));
        }
        return result;
    }
}
