using System.Text;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Protocol;

/// <summary>The headers that a client attaches to an object, and how they come back.</summary>
internal static class ObjectHeaderMapping
{
    private const string UserPrefix = "x-amz-meta-";

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
        return new ObjectHeaders { User = user, Http = http };
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
        return reply;
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
