using System.Globalization;
using System.Security.Cryptography;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>Multipart uploads, all but their completion.</summary>
internal static class MultipartOperations
{
    public const int MaximumParts = 10_000;

    public static Reply Create(RequestContext context)
    {
        var request = context.Request;
        var bucket = context.Bucket;
        WriteOperations.RefuseNotOffered(request);
        var key = context.KeyForWrite(bucket);
        var (seal, dataKey) = Seal.Create(key);
        if (dataKey is not null)
            CryptographicOperations.ZeroMemory(dataKey);
        var (algorithm, type) = ChecksumOf(context);
        var upload = new StoredUpload
        {
            Id = UploadTable.NewId(),
            Key = request.Key,
            Started = context.Now,
            Seal = seal,
            Headers = ObjectHeaderMapping.Read(request, context.Dialect, keepAwsChunked: false),
            ChecksumAlgorithm = algorithm?.Name(),
            ChecksumType = type,
        };
        bucket.Uploads.Start(upload);
        return Reply.Xml(S3Xml.Write("InitiateMultipartUploadResult", xml =>
        {
            xml.Element("Bucket", request.Bucket);
            xml.Element("Key", request.Key);
            xml.Element("UploadId", upload.Id);
        })).Echo(seal).With("x-amz-checksum-algorithm", upload.ChecksumAlgorithm).With("x-amz-checksum-type", type);
    }

    public static async ValueTask<Reply> UploadPartAsync(RequestContext context, CancellationToken cancellation)
    {
        var upload = FindUpload(context);
        int number = PartNumber(context.Request);
        WriteOperations.CheckSize(context);
        var key = KeyOf(context, upload);
        var plan = Digests.PlanFor(context.Request, context.Dialect, AlgorithmOf(upload));
        var (seal, dataKey) = Seal.Create(key);
        using var file = context.Store.NewFile(dataKey);
        var content = await Ingest.RunAsync(context, file, Ingested.NeedsMd5(seal, context.Dialect), plan, cancellation);
        var part = Add(context, upload, number, file, content, seal, AlgorithmOf(upload) == plan?.Algorithm);
        var reply = Reply.Empty().With("ETag", $"\"{part.ETag}\"").Echo(seal);
        return plan is null ? reply : reply.With(plan.Algorithm.Header(), Convert.ToBase64String(content.Checksum!));
    }

    public static async ValueTask<Reply> CopyPartAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var dialect = context.Dialect;
        var upload = FindUpload(context);
        int number = PartNumber(request);
        var key = KeyOf(context, upload);
        using var source = CopyOperations.OpenSource(context);
        if (dialect.PartCopyHonoursSourceConditions)
            ReadConditions.CheckCopySource(request, source.Stored);
        var sourceKey = dialect.PartCopyOpensSourceWithDestinationKey
            ? context.KeyThatOpens(source.Stored, context.CustomerKey)
            : context.KeyForCopySource(source.Stored);
        var range = request.Header("x-amz-copy-source-range") is { } header
            ? ByteRange.ParseCopySource(header, source.Stored.Size, dialect.PartCopyRangeStatus)
            : new ByteRange(0, source.Stored.Size);
        if (range.Length > WriteOperations.LargestPut)
            throw S3Exception.InvalidRequest($"The specified copy source is larger than the maximum allowable size for a copy source: {WriteOperations.LargestPut}");

        var (seal, dataKey) = Seal.Create(key);
        using var file = context.Store.NewFile(dataKey);
        var content = await Ingest.RunAsync(
            source.Open.Range(range.Offset, range.Length, sourceKey), file, Ingested.NeedsMd5(seal, dialect), AlgorithmOf(upload), cancellation);
        var part = Add(context, upload, number, file, content, seal, withChecksum: true);
        var reply = Reply.Xml(S3Xml.Write("CopyPartResult", xml =>
        {
            xml.Element("LastModified", S3Xml.Time(part.LastModified, dialect.ListsWholeSeconds));
            xml.Element("ETag", dialect.CopyQuotesETag ? $"\"{part.ETag}\"" : part.ETag);
            if (AlgorithmOf(upload) is { } algorithm)
                xml.Element(algorithm.Element(), part.Checksum);
        }));
        return dialect.PartCopyEchoes ? reply.Echo(seal) : reply;
    }

    public static Reply ListParts(RequestContext context)
    {
        var request = context.Request;
        var upload = FindUpload(context);
        int limit = ListOperations.Limit(request, "max-parts");
        _ = int.TryParse(request.Parameter("part-number-marker"), NumberStyles.None, CultureInfo.InvariantCulture, out int after);
        var parts = (context.Bucket.Uploads.PartsOf(upload.Id) ?? throw S3Exception.NoSuchUpload(upload.Id)).Where(p => p.Number > after).ToList();
        var page = parts.Take(limit).ToList();
        return Reply.Xml(S3Xml.Write("ListPartsResult", xml =>
        {
            xml.Element("Bucket", request.Bucket);
            xml.Element("Key", request.Key);
            xml.Element("UploadId", upload.Id);
            BucketOperations.WriteOwner(xml, "Initiator");
            BucketOperations.WriteOwner(xml);
            xml.Element("StorageClass", upload.Headers.StorageClass);
            xml.Element("PartNumberMarker", after);
            xml.Element("NextPartNumberMarker", page.Count > 0 ? page[^1].Number : after);
            xml.Element("MaxParts", limit);
            xml.Element("IsTruncated", page.Count < parts.Count);
            xml.Element("ChecksumAlgorithm", upload.ChecksumAlgorithm);
            xml.Element("ChecksumType", upload.ChecksumType);
            foreach (var part in page)
            {
                xml.Element("Part", () =>
                {
                    xml.Element("PartNumber", part.Number);
                    xml.Element("LastModified", S3Xml.Time(part.LastModified, context.Dialect.ListsWholeSeconds));
                    xml.Element("ETag", $"\"{part.ETag}\"");
                    xml.Element("Size", part.Size);
                    if (AlgorithmOf(upload) is { } algorithm)
                        xml.Element(algorithm.Element(), part.Checksum);
                });
            }
        }));
    }

    public static Reply Abort(RequestContext context)
    {
        string id = context.Request.Parameter("uploadId")!;
        return context.Bucket.Uploads.Abort(id, context.Request.Key) ? Reply.Empty(204) : throw S3Exception.NoSuchUpload(id);
    }

    public static ChecksumAlgorithm? AlgorithmOf(StoredUpload upload) => ChecksumAlgorithms.Find(upload.ChecksumAlgorithm);

    private static StoredUpload FindUpload(RequestContext context)
    {
        string id = context.Request.Parameter("uploadId")!;
        return context.Bucket.Uploads.Find(id, context.Request.Key) ?? throw S3Exception.NoSuchUpload(id);
    }

    /// <summary>The key that seals an upload's parts; every service wants the very key of its creation, with 400 for any other.</summary>
    private static EncryptionKey? KeyOf(RequestContext context, StoredUpload upload)
    {
        if (upload.Seal.Kind == SealKind.Customer)
        {
            var key = context.CustomerKey
                ?? throw new S3Exception(400, context.Dialect.MissingKeyCode, "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.");
            return upload.Seal.IsOpenedBy(key)
                ? key
                : throw new S3Exception(400, context.Dialect.MissingKeyCode, "The provided encryption parameters did not match the ones used originally.");
        }
        if (context.CustomerKey is not null && context.Dialect.PlainUploadRefusesKey)
            throw S3Exception.InvalidRequest("The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.");
        return upload.Seal.Kind == SealKind.Service ? context.ServiceKey() : null;
    }

    private static int PartNumber(S3Request request) =>
        int.TryParse(request.Parameter("partNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= MaximumParts
            ? number
            : throw S3Exception.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive");

    private static StoredPart Add(
        RequestContext context, StoredUpload upload, int number, PayloadWriter file, Ingested content, Seal seal, bool withChecksum)
    {
        string name = $"{number}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        string? checksum = withChecksum && content.Checksum is not null ? Convert.ToBase64String(content.Checksum) : null;
        var part = new StoredPart(number, name, content.Size, content.ETag(seal, context.Dialect), context.Now, seal, checksum);
        file.Finish(part, RecordJson.Default.StoredPart, context.Store.Durable);
        context.Bucket.Uploads.AddPart(upload.Id, part, file);
        return part;
    }

    private static (ChecksumAlgorithm? Algorithm, string? Type) ChecksumOf(RequestContext context)
    {
        if (context.Dialect.Checksums == ChecksumSupport.Ignored || context.Request.Header("x-amz-checksum-algorithm") is not { } name)
            return (null, null);
        var algorithm = ChecksumAlgorithms.Find(name)
            ?? throw S3Exception.InvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
        string type = context.Request.Header("x-amz-checksum-type") ?? (algorithm == ChecksumAlgorithm.Crc64Nvme ? "FULL_OBJECT" : "COMPOSITE");
        bool valid = type switch
        {
            "COMPOSITE" => algorithm != ChecksumAlgorithm.Crc64Nvme,
            "FULL_OBJECT" => algorithm is ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C or ChecksumAlgorithm.Crc64Nvme,
            _ => false,
        };
        return valid ? (algorithm, type) : throw S3Exception.InvalidRequest($"The {type} checksum type cannot be used with the {name} checksum algorithm.");
    }
}
