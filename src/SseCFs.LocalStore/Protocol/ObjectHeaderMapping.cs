using System.Globalization;
using System.Text;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Protocol;

/// <summary>The headers that a client attaches to an object, and how they come back.</summary>
internal static class ObjectHeaderMapping
{
    private const string UserPrefix = "x-amz-meta-";
    private const int MostTags = 10;

    private static readonly string[] HttpNames =
        ["Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"];

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static ObjectHeaders Read(S3Request request, Dialect dialect, bool keepAwsChunked)
    {
        var user = new Dictionary<string, string>();
        int bytes = 0;
        foreach (string name in request.Http.Request.Headers.Keys)
        {
            if (!name.StartsWith(UserPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            string value = FromWire(request.Header(name)!);
            string shortName = name[UserPrefix.Length..].ToLowerInvariant();
            user[shortName] = value;
            bytes += shortName.Length + Encoding.UTF8.GetByteCount(value);
        }
        if (bytes > dialect.MetadataLimit)
            throw new S3Exception(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
        var http = new Dictionary<string, string>();
        foreach (string name in HttpNames)
        {
            string? value = request.Header(name);
            if (name == "Content-Encoding" && !keepAwsChunked)
                value = WithoutAwsChunked(value);
            if (!string.IsNullOrEmpty(value))
                http[name] = value;
        }
        return new ObjectHeaders { User = user, Http = http, Tags = ReadTags(request), StorageClass = ReadStorageClass(request, dialect) };
    }

    /// <summary>From x-amz-tagging, which is written like a query.</summary>
    public static IReadOnlyDictionary<string, string> ReadTags(S3Request request)
    {
        var tags = new Dictionary<string, string>();
        foreach (var (name, value) in S3Request.ParseQuery(request.Header("x-amz-tagging") ?? ""))
        {
            if (name.Length is 0 or > 128 || value.Length > 256 || !tags.TryAdd(name, value) || tags.Count > MostTags)
                throw S3Exception.InvalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.");
        }
        return tags;
    }

    public static string ReadStorageClass(S3Request request, Dialect dialect)
    {
        string name = request.Header("x-amz-storage-class") ?? "STANDARD";
        return dialect.StorageClasses.Contains(name)
            ? name
            : throw new S3Exception(400, "InvalidStorageClass", "The storage class you specified is not valid");
    }

    /// <summary>Adds them to a GET's or HEAD's reply, with the response-* parameters of the query in their place.</summary>
    public static Reply With(this Reply reply, ObjectHeaders headers, S3Request request, Dialect dialect)
    {
        foreach (string name in HttpNames)
        {
            string? value = request.Parameter("response-" + name.ToLowerInvariant()) ?? headers.Http.GetValueOrDefault(name);
            reply.With(name, value ?? (name == "Content-Type" ? "binary/octet-stream" : null));
        }
        foreach (var (name, value) in headers.User)
            reply.With(UserPrefix + name, ToWire(value, dialect.EncodesMetadata));
        if (headers.Tags.Count > 0)
            reply.With("x-amz-tagging-count", headers.Tags.Count.ToString(CultureInfo.InvariantCulture));
        return reply.With("x-amz-storage-class", headers.StorageClass == "STANDARD" ? null : headers.StorageClass);
    }

    /// <summary>Header bytes are UTF-8 where they are valid as such, else Latin-1.</summary>
    private static string FromWire(string latin1)
    {
        if (Ascii.IsValid(latin1))
            return latin1;
        try
        {
            return StrictUtf8.GetString(Encoding.Latin1.GetBytes(latin1));
        }
        catch (DecoderFallbackException)
        {
            return latin1;
        }
    }

    private static string ToWire(string value, bool encoded)
    {
        if (Ascii.IsValid(value))
            return value;
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        return encoded ? $"=?UTF-8?B?{Convert.ToBase64String(utf8)}?=" : Encoding.Latin1.GetString(utf8);
    }

    private static string? WithoutAwsChunked(string? encoding) => encoding is null
        ? null
        : string.Join(',', encoding.Split(',', StringSplitOptions.TrimEntries).Where(e => e != "aws-chunked"));
}
