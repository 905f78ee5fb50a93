using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>CopyObject.</summary>
internal static class CopyOperations
{
    public static async ValueTask<Reply> CopyAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var dialect = context.Dialect;
        var bucket = context.Bucket;
        WriteOperations.RefuseNotOffered(request);
        using var source = OpenSource(context);
        bool replace = IsReplaced(request, "metadata");
        bool replaceTags = IsReplaced(request, "tagging");
        if (dialect.CopyHonoursSourceConditions)
            ReadConditions.CheckCopySource(request, source.Stored);
        if (!dialect.CopiesEncrypted && source.Stored.Seal.Kind != SealKind.None)
            throw S3Exception.NotImplemented("copy of an encrypted object");

        var sourceKey = dialect.CopiesEncrypted ? context.KeyForCopySource(source.Stored) : null;
        var key = dialect.PlainCopyIgnoresKey ? null : context.KeyForWrite(bucket);
        bool changesEncryption = key is not null || source.Stored.Seal.Kind != SealKind.None;
        if (source.IsAt(bucket, request.Key) && !replace && !changesEncryption)
            throw S3Exception.InvalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
        if (source.Stored.Size > WriteOperations.LargestPut)
            throw S3Exception.InvalidRequest($"The specified copy source is larger than the maximum allowable size for a copy source: {WriteOperations.LargestPut}");
        var conditions = new WriteConditions(request, dialect, dialect.CopyHonoursConditions);
        conditions.Check(bucket.Find(request.Key));

        var (seal, dataKey) = Seal.Create(key);
        using var file = context.Store.NewFile(dataKey);
        bool withMd5 = !dialect.CopyKeepsETag && Ingested.NeedsMd5(seal, dialect);
        var algorithm = dialect.Checksums == ChecksumSupport.Ignored ? null : ChecksumAlgorithms.Find(request.Header("x-amz-checksum-algorithm"));
        var content = await Ingest.RunAsync(source.Open.Range(0, source.Stored.Size, sourceKey), file, withMd5, algorithm, cancellation);
        var stored = new StoredObject
        {
            Key = request.Key,
            Size = content.Size,
            ETag = dialect.CopyKeepsETag ? source.Stored.ETag : content.ETag(seal, dialect),
            LastModified = context.Now,
            Seal = seal,
            Headers = (replace ? ObjectHeaderMapping.Read(request, dialect, keepAwsChunked: false) : source.Stored.Headers) with
            {
                Tags = replaceTags ? ObjectHeaderMapping.ReadTags(request) : source.Stored.Headers.Tags,
                StorageClass = ObjectHeaderMapping.ReadStorageClass(request, dialect),
            },
            Checksums = algorithm is { } a
                ? new Dictionary<string, string> { [a.Name()] = Convert.ToBase64String(content.Checksum!) }
                : source.Stored.ChecksumType == "FULL_OBJECT" ? source.Stored.Checksums : new Dictionary<string, string>(),
            ChecksumType = algorithm is not null || source.Stored.ChecksumType == "FULL_OBJECT" ? "FULL_OBJECT" : null,
        };
        file.Finish(stored, RecordJson.Default.StoredObject, context.Store.Durable);
        bucket.Commit(file, stored, conditions.Check);
        return Reply.Xml(S3Xml.Write("CopyObjectResult", xml =>
        {
            xml.Element("LastModified", S3Xml.Time(stored.LastModified, dialect.ListsWholeSeconds));
            xml.Element("ETag", dialect.CopyQuotesETag ? $"\"{stored.ETag}\"" : stored.ETag);
            foreach (var (name, value) in stored.Checksums)
                xml.Element("Checksum" + name, value);
        })).Echo(seal);
    }

    private static bool IsReplaced(S3Request request, string what) => request.Header($"x-amz-{what}-directive")?.ToUpperInvariant() switch
    {
        null or "COPY" => false,
        "REPLACE" => true,
        _ => throw S3Exception.InvalidArgument($"Unknown {what} directive."),
    };

    /// <summary>The object that x-amz-copy-source names, held open.</summary>
    public static CopySource OpenSource(RequestContext context)
    {
        string header = context.Request.Header("x-amz-copy-source")!;
        if (header.Contains("?versionId=", StringComparison.Ordinal))
            throw S3Exception.NotImplemented("versionId");
        string path = (PercentEncoding.Decode(header, plusIsSpace: false) ?? "").TrimStart('/');
        int slash = path.IndexOf('/');
        if (slash <= 0 || slash == path.Length - 1)
            throw S3Exception.InvalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
        string name = path[..slash], key = path[(slash + 1)..];
        var bucket = context.Store.Find(name) ?? throw S3Exception.NoSuchBucket(name);
        return new CopySource(bucket, bucket.Open(key) ?? throw S3Exception.NoSuchKey(key));
    }
}

/// <summary>The source of a copy, held open until this is disposed.</summary>
internal sealed class CopySource(Bucket bucket, OpenObject open) : IDisposable
{
    public OpenObject Open { get; } = open;

    public StoredObject Stored => Open.Stored;

    public bool IsAt(Bucket other, string key) => other == bucket && key == Stored.Key;

    public void Dispose() => Open.Dispose();
}
