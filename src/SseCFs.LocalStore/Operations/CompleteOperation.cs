using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>CompleteMultipartUpload: an object's record that names its parts; no content moves.</summary>
internal static class CompleteOperation
{
    public static async ValueTask<Reply> RunAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var dialect = context.Dialect;
        var bucket = context.Bucket;
        string id = request.Parameter("uploadId")!;
        var document = await context.ReadDocumentAsync(cancellation);
        if (bucket.Uploads.Find(id, request.Key) is not { } upload || bucket.Uploads.PartsOf(id) is not { } uploaded)
        {
            if (dialect.CompleteIsRepeatable && bucket.Find(request.Key) is { } done && done.UploadId == id)
                return Answer(context, done);
            throw S3Exception.NoSuchUpload(id);
        }
        CheckKey(context, upload);
        var conditions = new WriteConditions(request, dialect, dialect.CompleteHonoursConditions);
        var parts = Choose(S3Xml.Parse(document, "CompleteMultipartUpload"), uploaded, upload, context.Options.MinimumPartSize);
        long size = parts.Sum(p => p.Size);
        if (request.Header("x-amz-mp-object-size") is { } expected && expected != size.ToString(CultureInfo.InvariantCulture))
            throw S3Exception.InvalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed.");
        var stored = new StoredObject
        {
            Key = request.Key,
            Size = size,
            ETag = ETagOf(parts),
            LastModified = context.Now,
            Seal = upload.Seal,
            Headers = upload.Headers,
            UploadId = id,
            Parts = parts,
            Checksums = ChecksumsOf(request, upload, parts),
            ChecksumType = upload.ChecksumType,
        };
        var folder = bucket.Uploads.FolderOf(id);
        folder.Acquire();
        try
        {
            using var file = context.Store.NewFile(null);
            file.Finish(stored, RecordJson.Default.StoredObject, context.Store.Durable);
            bucket.Commit(file, stored, present =>
            {
                if (bucket.Uploads.Find(id, request.Key) is null)
                    throw S3Exception.NoSuchUpload(id);
                conditions.Check(present);
            });
            bucket.Uploads.Close(id, parts);
        }
        finally
        {
            folder.Release();
        }
        return Answer(context, stored);
    }

    private static Reply Answer(RequestContext context, StoredObject stored)
    {
        var request = context.Request;
        var reply = Reply.Xml(S3Xml.Write("CompleteMultipartUploadResult", xml =>
        {
            xml.Element("Location", $"{request.Http.Request.Scheme}://{request.Header("Host")}/{request.Bucket}/{PercentEncoding.Encode(request.Key, true)}");
            xml.Element("Bucket", request.Bucket);
            xml.Element("Key", request.Key);
            xml.Element("ETag", context.Dialect.CompleteETag switch
            {
                ETagForm.Empty => "",
                ETagForm.Bare => stored.ETag,
                _ => $"\"{stored.ETag}\"",
            });
            foreach (var (name, value) in stored.Checksums)
                xml.Element("Checksum" + name, value);
            if (stored.Checksums.Count > 0)
                xml.Element("ChecksumType", stored.ChecksumType);
        }));
        return context.Dialect.CompleteEchoes || stored.Seal.Kind == SealKind.Service ? reply.Echo(stored.Seal) : reply;
    }

    private static void CheckKey(RequestContext context, StoredUpload upload)
    {
        if (!context.Dialect.CompleteNeedsKey || upload.Seal.Kind != SealKind.Customer)
            return;
        if (context.CustomerKey is not { } key || !upload.Seal.IsOpenedBy(key))
            throw new S3Exception(400, context.Dialect.MissingKeyCode, "The provided encryption parameters did not match the ones used originally.");
    }

    private static List<StoredPart> Choose(XElement root, IReadOnlyList<StoredPart> uploaded, StoredUpload upload, long minimumPartSize)
    {
        var byNumber = uploaded.ToDictionary(p => p.Number);
        var algorithm = MultipartOperations.AlgorithmOf(upload);
        var parts = new List<StoredPart>();
        foreach (var element in root.Children("Part"))
        {
            if (!int.TryParse(element.Child("PartNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                throw S3Exception.MalformedXml();
            if (parts.Count > 0 && number <= parts[^1].Number)
                throw new S3Exception(400, "InvalidPartOrder", "The list of parts was not in ascending order. The parts list must be specified in order by part number.");
            string? checksum = algorithm is { } a ? element.Child(a.Element()) : null;
            if (!byNumber.TryGetValue(number, out var part) || element.Child("ETag")?.Trim().Trim('"') != part.ETag
                || (checksum is not null && checksum != part.Checksum))
            {
                throw new S3Exception(400, "InvalidPart", "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.")
                {
                    Details = [("PartNumber", number.ToString(CultureInfo.InvariantCulture))],
                };
            }
            if (parts.Count > 0 && parts[^1].Size < minimumPartSize)
                throw new S3Exception(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
            parts.Add(part);
        }
        return parts.Count > 0 ? parts : throw S3Exception.MalformedXml();
    }

    /// <summary>MD5 over the parts' ETags as bytes, and their number.</summary>
    private static string ETagOf(List<StoredPart> parts)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        foreach (var part in parts)
            md5.AppendData(Convert.FromHexString(part.ETag));
        return $"{Convert.ToHexStringLower(md5.GetHashAndReset())}-{parts.Count}";
    }

    private static Dictionary<string, string> ChecksumsOf(S3Request request, StoredUpload upload, List<StoredPart> parts)
    {
        var result = new Dictionary<string, string>();
        if (MultipartOperations.AlgorithmOf(upload) is not { } algorithm || parts.Any(p => p.Checksum is null))
            return result;
        var values = parts.Select(p => (Value: Convert.FromBase64String(p.Checksum!), Length: p.Size)).ToList();
        string checksum = upload.ChecksumType == "FULL_OBJECT"
            ? Convert.ToBase64String(Checksum.Combine(algorithm, values))
            : $"{Convert.ToBase64String(Checksum.Compose(algorithm, values.Select(v => v.Value)))}-{parts.Count}";
        if (request.Header(algorithm.Header()) is { } expected && expected != checksum)
            throw new S3Exception(400, "BadDigest", $"The {algorithm.Name()} you specified did not match the calculated checksum.");
        result[algorithm.Name()] = checksum;
        return result;
    }
}
