using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>PUT, RGW's append, DELETE and DeleteObjects.</summary>
internal static class WriteOperations
{
    /// <summary>Bytes of one PUT or part: 5 GiB.</summary>
    public const long LargestPut = 5L << 30;

    private const int LargestDelete = 1000;

    /// <summary>Headers that ask for what is not offered: a client must not believe that it got it.</summary>
    private static readonly string[] NotOffered =
        ["x-amz-website-redirect-location", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold"];

    public static async ValueTask<Reply> PutAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var bucket = context.Bucket;
        RefuseNotOffered(request);
        if (context.Dialect.RefusesWriteOffset && request.Header("x-amz-write-offset-bytes") is not null)
            throw S3Exception.NotImplemented("x-amz-write-offset-bytes");
        CheckSize(context);
        var key = context.KeyForWrite(bucket);
        var headers = ObjectHeaderMapping.Read(request, context.Dialect, KeepsAwsChunked(context));
        var plan = Digests.PlanFor(request, context.Dialect, null);
        var conditions = new WriteConditions(request, context.Dialect);
        conditions.Check(bucket.Find(request.Key));

        var (seal, dataKey) = Seal.Create(key);
        using var file = context.Store.NewFile(dataKey);
        var content = await Ingest.RunAsync(context, file, Ingested.NeedsMd5(seal, context.Dialect), plan, cancellation);
        var stored = new StoredObject
        {
            Key = request.Key,
            Size = content.Size,
            ETag = content.ETag(seal, context.Dialect),
            LastModified = context.Now,
            Seal = seal,
            Headers = headers,
            Checksums = ChecksumsOf(plan, content),
            ChecksumType = plan is null ? null : "FULL_OBJECT",
        };
        file.Finish(stored, RecordJson.Default.StoredObject, context.Store.Durable);
        bucket.Commit(file, stored, conditions.Check);
        return ReadOperations.WithChecksums(Reply.Empty().With("ETag", $"\"{stored.ETag}\"").Echo(seal), stored);
    }

    /// <summary>RGW's append. Keys that come with it are ignored, as RGW does: plaintext, and silent.</summary>
    public static async ValueTask<Reply> AppendAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var bucket = context.Bucket;
        if (!context.Dialect.OffersAppend)
            throw S3Exception.NotImplemented("append");
        if (!long.TryParse(request.Parameter("position"), NumberStyles.None, CultureInfo.InvariantCulture, out long position))
            throw S3Exception.InvalidArgument("position");
        var plan = Digests.PlanFor(request, context.Dialect, null);
        using var before = bucket.Open(request.Key);
        CheckPosition(before?.Stored, position);

        using var file = context.Store.NewFile(null);
        if (before is not null)
            await Ingest.RunAsync(before.Range(0, position, null), file, withMd5: false, null, cancellation);
        var content = await Ingest.RunAsync(context, file, withMd5: true, plan, cancellation);
        string etag = Convert.ToHexStringLower(content.Md5!);
        var stored = new StoredObject
        {
            Key = request.Key,
            Size = position + content.Size,
            ETag = before is null ? etag : AppendedETag(before.Stored.ETag, content.Md5!),
            LastModified = context.Now,
            Seal = Seal.Plain,
            Headers = before?.Stored.Headers ?? ObjectHeaderMapping.Read(request, context.Dialect, KeepsAwsChunked(context)),
            Appendable = true,
        };
        file.Finish(stored, RecordJson.Default.StoredObject, context.Store.Durable);
        bucket.Commit(file, stored, present => CheckPosition(present, position));
        return Reply.Empty().With("ETag", $"\"{etag}\"").With("x-rgw-next-append-position", stored.Size.ToString(CultureInfo.InvariantCulture));
    }

    public static Reply Delete(RequestContext context)
    {
        string? ifMatch = context.Dialect.DeleteHonoursConditions ? context.Request.Header("If-Match") : null;
        context.Bucket.Delete(context.Request.Key, present => CheckDelete(present, ifMatch));
        return Reply.Empty(204);
    }

    public static async ValueTask<Reply> DeleteManyAsync(RequestContext context, CancellationToken cancellation)
    {
        var request = context.Request;
        var bucket = context.Bucket;
        if (context.Dialect.DeleteManyNeedsDigest && !Digests.WantsMd5(request) && Digests.PlanFor(request, context.Dialect, null) is null)
            throw S3Exception.InvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
        var root = S3Xml.Parse(await context.ReadDocumentAsync(cancellation), "Delete");
        var entries = root.Children("Object").Select(o => (Key: o.Child("Key"), ETag: o.Child("ETag"))).ToList();
        if (entries.Count is 0 or > LargestDelete || entries.Any(e => string.IsNullOrEmpty(e.Key)))
            throw S3Exception.MalformedXml();
        bool quiet = root.Child("Quiet") == "true";
        var results = new List<(string Key, S3Exception? Error)>();
        foreach (var (key, etag) in entries)
        {
            try
            {
                bucket.Delete(key!, present => CheckDelete(present, context.Dialect.DeleteHonoursConditions ? etag : null));
                results.Add((key!, null));
            }
            catch (S3Exception e)
            {
                results.Add((key!, e));
            }
        }
        return Reply.Xml(S3Xml.Write("DeleteResult", xml =>
        {
            foreach (var (key, error) in results)
            {
                if (error is null && quiet)
                    continue;
                xml.Element(error is null ? "Deleted" : "Error", () =>
                {
                    xml.Element("Key", key);
                    xml.Element("Code", error?.Code);
                    xml.Element("Message", error?.Message);
                });
            }
        }));
    }

    public static void RefuseNotOffered(S3Request request)
    {
        foreach (string name in NotOffered)
        {
            if (request.Header(name) is not null)
                throw S3Exception.NotImplemented(name);
        }
    }

    public static void CheckSize(RequestContext context)
    {
        if (context.Body.Length > LargestPut)
            throw new S3Exception(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
    }

    public static bool KeepsAwsChunked(RequestContext context) =>
        context.Dialect.Trailers == TrailerSupport.Unchecked && context.Request.Header("x-amz-trailer") is not null;

    public static IReadOnlyDictionary<string, string> ChecksumsOf(ChecksumPlan? plan, Ingested content) => plan is null
        ? new Dictionary<string, string>()
        : new Dictionary<string, string> { [plan.Algorithm.Name()] = Convert.ToBase64String(content.Checksum!) };

    private static void CheckDelete(StoredObject? present, string? ifMatch)
    {
        if (present is not null && ifMatch is not (null or "*") && ifMatch.Trim('"') != present.ETag)
            throw S3Exception.PreconditionFailed("If-Match");
    }

    private static void CheckPosition(StoredObject? present, long position)
    {
        if (present is { Appendable: false })
            throw new S3Exception(409, "ObjectNotAppendable");
        if (position != (present?.Size ?? 0))
        {
            throw new S3Exception(409, "PositionNotEqualToLength")
            {
                Headers = [("x-rgw-next-append-position", (present?.Size ?? 0).ToString(CultureInfo.InvariantCulture))],
            };
        }
    }

    /// <summary>An appended object's ETag has the form of a multipart one: hex-N.</summary>
    private static string AppendedETag(string before, byte[] md5)
    {
        int dash = before.IndexOf('-');
        int count = dash < 0 ? 1 : int.Parse(before.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        byte[] both = [.. Encoding.ASCII.GetBytes(before), .. md5];
        return $"{Convert.ToHexStringLower(MD5.HashData(both))}-{count + 1}";
    }
}
