using System.Globalization;
using System.Text;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>ListObjects, in its two versions.</summary>
internal static class ListOperations
{
    private const int LargestPage = 1000;

    public static Reply List(RequestContext context, bool version2)
    {
        var request = context.Request;
        string prefix = request.Parameter("prefix") ?? "", delimiter = request.Parameter("delimiter") ?? "";
        int limit = Limit(request, "max-keys");
        bool encoded = UrlEncoded(request);
        string? continuation = version2 ? request.Parameter("continuation-token") : null;
        string? after = continuation is not null ? Decode(continuation) : request.Parameter(version2 ? "start-after" : "marker");
        if (string.IsNullOrEmpty(after))
            after = null;
        var page = context.Bucket.List(prefix, delimiter, after, limit);
        bool truncated = page.Last is not null;
        string Text(string s) => encoded ? PercentEncoding.Encode(s, keepSlash: true) : s;

        return Reply.Xml(S3Xml.Write("ListBucketResult", xml =>
        {
            xml.Element("Name", request.Bucket);
            xml.Element("Prefix", Text(prefix));
            if (version2)
            {
                xml.Element("StartAfter", request.Parameter("start-after") is { } s ? Text(s) : null);
                xml.Element("ContinuationToken", continuation);
                xml.Element("NextContinuationToken", truncated ? Encode(page.Last!) : null);
                xml.Element("KeyCount", page.Objects.Count + page.Groups.Count);
            }
            else
            {
                xml.Element("Marker", Text(request.Parameter("marker") ?? ""));
                // Only with a delimiter: without one, clients go on from the last key.
                xml.Element("NextMarker", truncated && delimiter.Length > 0 ? Text(page.Last!) : null);
            }
            xml.Element("MaxKeys", limit);
            xml.Element("Delimiter", delimiter.Length > 0 ? Text(delimiter) : null);
            xml.Element("EncodingType", encoded ? "url" : null);
            xml.Element("IsTruncated", truncated);
            foreach (var stored in page.Objects)
            {
                xml.Element("Contents", () =>
                {
                    xml.Element("Key", Text(stored.Key));
                    xml.Element("LastModified", S3Xml.Time(stored.LastModified, context.Dialect.ListsWholeSeconds));
                    xml.Element("ETag", $"\"{stored.ETag}\"");
                    xml.Element("Size", stored.Size);
                    xml.Element("StorageClass", stored.Headers.StorageClass);
                    if (!version2 || request.Parameter("fetch-owner") == "true")
                        BucketOperations.WriteOwner(xml);
                });
            }
            foreach (string group in page.Groups)
                xml.Element("CommonPrefixes", () => xml.Element("Prefix", Text(group)));
        }));
    }

    public static Reply ListUploads(RequestContext context)
    {
        var request = context.Request;
        string prefix = request.Parameter("prefix") ?? "", delimiter = request.Parameter("delimiter") ?? "";
        string keyMarker = request.Parameter("key-marker") ?? "", idMarker = request.Parameter("upload-id-marker") ?? "";
        int limit = Limit(request, "max-uploads");
        bool encoded = UrlEncoded(request);
        string Text(string s) => encoded ? PercentEncoding.Encode(s, keepSlash: true) : s;

        var all = context.Bucket.Uploads.All().Where(u => u.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        int start = keyMarker.Length == 0 ? 0 : idMarker.Length == 0
            ? all.FindIndex(u => KeyOrder.Compare(u.Key, keyMarker) > 0)
            : all.FindIndex(u => u.Key == keyMarker && u.Id == idMarker) is var i and >= 0 ? i + 1 : all.FindIndex(u => KeyOrder.Compare(u.Key, keyMarker) > 0);
        var rest = start < 0 ? [] : all[start..];
        var groups = new SortedSet<string>(KeyOrder.Instance);
        var uploads = new List<StoredUpload>();
        bool truncated = false;
        foreach (var upload in rest)
        {
            int at = delimiter.Length == 0 ? -1 : upload.Key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            string? group = at < 0 ? null : upload.Key[..(at + delimiter.Length)];
            if (group is not null && groups.Contains(group))
                continue;
            if (uploads.Count + groups.Count == limit)
            {
                truncated = true;
                break;
            }
            if (group is not null)
                groups.Add(group);
            else
                uploads.Add(upload);
        }
        return Reply.Xml(S3Xml.Write("ListMultipartUploadsResult", xml =>
        {
            xml.Element("Bucket", request.Bucket);
            xml.Element("Prefix", Text(prefix));
            xml.Element("KeyMarker", Text(keyMarker));
            xml.Element("UploadIdMarker", idMarker);
            if (truncated && uploads.Count > 0)
            {
                xml.Element("NextKeyMarker", Text(uploads[^1].Key));
                xml.Element("NextUploadIdMarker", uploads[^1].Id);
            }
            xml.Element("MaxUploads", limit);
            xml.Element("Delimiter", delimiter.Length > 0 ? Text(delimiter) : null);
            xml.Element("EncodingType", encoded ? "url" : null);
            xml.Element("IsTruncated", truncated);
            foreach (var upload in uploads)
            {
                xml.Element("Upload", () =>
                {
                    xml.Element("Key", Text(upload.Key));
                    xml.Element("UploadId", upload.Id);
                    BucketOperations.WriteOwner(xml, "Initiator");
                    BucketOperations.WriteOwner(xml);
                    xml.Element("StorageClass", upload.Headers.StorageClass);
                    xml.Element("Initiated", S3Xml.Time(upload.Started, context.Dialect.ListsWholeSeconds));
                });
            }
            foreach (string group in groups)
                xml.Element("CommonPrefixes", () => xml.Element("Prefix", Text(group)));
        }));
    }

    /// <summary>A page's limit: what is asked for, up to 1,000.</summary>
    public static int Limit(S3Request request, string parameter)
    {
        if (request.Parameter(parameter) is not { Length: > 0 } text)
            return LargestPage;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit))
            throw S3Exception.InvalidArgument($"Provided {parameter} not an integer or within integer range");
        return Math.Min(limit, LargestPage);
    }

    private static bool UrlEncoded(S3Request request) => request.Parameter("encoding-type") switch
    {
        null => false,
        "url" => true,
        _ => throw S3Exception.InvalidArgument("Invalid Encoding Method specified in Request"),
    };

    private static string Encode(string key) => Convert.ToBase64String(Encoding.UTF8.GetBytes(key));

    private static string Decode(string token)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(token));
        }
        catch (FormatException)
        {
            throw S3Exception.InvalidArgument("The continuation token provided is incorrect");
        }
    }
}
