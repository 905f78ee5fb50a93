using System.Globalization;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>GET, HEAD and GetObjectAttributes.</summary>
internal static class ReadOperations
{
    public static Reply Get(RequestContext context)
    {
        string key = context.Request.Key;
        var open = context.Bucket.Open(key) ?? throw S3Exception.NoSuchKey(key);
        try
        {
            var encryptionKey = context.KeyForRead(open.Stored);
            return Answer(context, open.Stored, range => open.Range(range.Offset, range.Length, encryptionKey), open);
        }
        catch
        {
            open.Dispose();
            throw;
        }
    }

    public static Reply Head(RequestContext context)
    {
        string key = context.Request.Key;
        var stored = context.Bucket.Find(key) ?? throw S3Exception.NoSuchKey(key);
        context.KeyForRead(stored);
        return Answer(context, stored, null, null);
    }

    private static Reply Answer(RequestContext context, StoredObject stored, Func<ByteRange, IByteSource>? content, OpenObject? owner)
    {
        var request = context.Request;
        if (!ReadConditions.Hold(request, "", stored))
        {
            owner?.Dispose();
            return Common(Reply.Empty(304), stored);
        }
        int status = 200;
        var range = new ByteRange(0, stored.Size);
        string? contentRange = null, partsCount = null;
        if (request.Parameter("partNumber") is { } partNumber)
        {
            (range, partsCount) = RangeOfPart(stored, partNumber);
            status = 206;
        }
        else if (ByteRange.Parse(request.Header("Range"), stored.Size) is { } asked)
        {
            range = asked;
            status = 206;
        }
        if (status == 206 && range.Length > 0)
            contentRange = $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{stored.Size}";
        var reply = new Reply(status) { Content = content?.Invoke(range), ContentLength = range.Length, HeaderOnly = content is null };
        Common(reply, stored)
            .Echo(stored.Seal)
            .With(stored.Headers, request, context.Dialect)
            .With("Accept-Ranges", "bytes")
            .With("Content-Range", contentRange)
            .With("x-amz-mp-parts-count", partsCount);
        if (stored.Appendable)
            reply.With("x-rgw-next-append-position", stored.Size.ToString(CultureInfo.InvariantCulture));
        if (status == 200 && request.Header("x-amz-checksum-mode")?.Equals("ENABLED", StringComparison.OrdinalIgnoreCase) == true)
            WithChecksums(reply, stored);
        return reply;
    }

    public static Reply GetAttributes(RequestContext context)
    {
        var request = context.Request;
        var stored = context.Bucket.Find(request.Key) ?? throw S3Exception.NoSuchKey(request.Key);
        context.KeyForRead(stored);
        string[] asked = request.Header("x-amz-object-attributes")?.Split(',', StringSplitOptions.TrimEntries)
            ?? throw S3Exception.InvalidArgument("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty");
        return Reply.Xml(S3Xml.Write("GetObjectAttributesResponse", xml =>
        {
            xml.Element("ETag", asked.Contains("ETag") ? stored.ETag : null);
            if (asked.Contains("Checksum") && stored.Checksums.Count > 0)
            {
                xml.Element("Checksum", () =>
                {
                    foreach (var (name, value) in stored.Checksums)
                        xml.Element("Checksum" + name, value);
                    xml.Element("ChecksumType", stored.ChecksumType);
                });
            }
            if (asked.Contains("ObjectParts") && stored.Parts.Count > 0)
                xml.Element("ObjectParts", () => xml.Element("TotalPartsCount", stored.Parts.Count));
            xml.Element("StorageClass", asked.Contains("StorageClass") ? stored.Headers.StorageClass : null);
            xml.Element("ObjectSize", asked.Contains("ObjectSize") ? stored.Size.ToString(CultureInfo.InvariantCulture) : null);
        })).With("Last-Modified", HttpTime(stored.LastModified));
    }

    public static Reply GetTagging(RequestContext context)
    {
        var stored = context.Bucket.Find(context.Request.Key) ?? throw S3Exception.NoSuchKey(context.Request.Key);
        return Reply.Xml(S3Xml.Write("Tagging", xml => xml.Element("TagSet", () =>
        {
            foreach (var (name, value) in stored.Headers.Tags)
            {
                xml.Element("Tag", () =>
                {
                    xml.Element("Key", name);
                    xml.Element("Value", value);
                });
            }
        })));
    }

    public static Reply WithChecksums(Reply reply, StoredObject stored)
    {
        foreach (var (name, value) in stored.Checksums)
            reply.With("x-amz-checksum-" + name.ToLowerInvariant(), value);
        return stored.Checksums.Count > 0 ? reply.With("x-amz-checksum-type", stored.ChecksumType) : reply;
    }

    private static Reply Common(Reply reply, StoredObject stored) => reply
        .With("ETag", $"\"{stored.ETag}\"")
        .With("Last-Modified", HttpTime(stored.LastModified));

    private static (ByteRange Range, string? Count) RangeOfPart(StoredObject stored, string number)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int n) || n < 1)
            throw S3Exception.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive");
        if (n > Math.Max(1, stored.Parts.Count))
            throw new S3Exception(416, "InvalidPartNumber", "The requested partnumber is not satisfiable");
        if (stored.Parts.Count == 0)
            return (new ByteRange(0, stored.Size), null);
        return (new ByteRange(stored.Parts.Take(n - 1).Sum(p => p.Size), stored.Parts[n - 1].Size), stored.Parts.Count.ToString(CultureInfo.InvariantCulture));
    }

    private static string HttpTime(DateTimeOffset time) => time.ToString("R", CultureInfo.InvariantCulture);
}
