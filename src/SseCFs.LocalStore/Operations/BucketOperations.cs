using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>Buckets and their few settings.</summary>
internal static class BucketOperations
{
    private const string Owner = "ssecfs";

    public static Reply ListBuckets(RequestContext context) => Reply.Xml(S3Xml.Write("ListAllMyBucketsResult", xml =>
    {
        WriteOwner(xml);
        xml.Element("Buckets", () =>
        {
            foreach (var bucket in context.Store.Buckets)
            {
                xml.Element("Bucket", () =>
                {
                    xml.Element("Name", bucket.Name);
                    xml.Element("CreationDate", S3Xml.Time(bucket.Settings.Created, context.Dialect.ListsWholeSeconds));
                });
            }
        });
    }));

    /// <summary>200 also for a bucket that is there already, as Ceph and us-east-1 answer its owner.</summary>
    public static async ValueTask<Reply> CreateAsync(RequestContext context, CancellationToken cancellation)
    {
        string name = context.Request.Bucket;
        if (!IsValidName(name))
            throw new S3Exception(400, "InvalidBucketName", "The specified bucket is not valid.");
        var document = await context.ReadDocumentAsync(cancellation);
        string? location = document.IsEmpty ? null : S3Xml.Parse(document, "CreateBucketConfiguration").Child("LocationConstraint");
        context.Store.Create(name, new StoredBucket
        {
            Created = context.Now,
            Location = location,
            BlocksCustomerKey = context.Options.NewBucketsBlockCustomerKey,
        });
        return Reply.Empty().With("Location", "/" + name);
    }

    public static Reply Head(RequestContext context)
    {
        _ = context.Bucket;
        return Reply.Empty().With("x-amz-bucket-region", context.Options.Region);
    }

    public static Reply Delete(RequestContext context) => context.Store.Delete(context.Bucket)
        ? Reply.Empty(204)
        : throw new S3Exception(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");

    public static Reply GetLocation(RequestContext context)
    {
        string? location = context.Bucket.Settings.Location ?? context.Options.Region ?? context.Dialect.DefaultLocation;
        // S3 names us-east-1 by an empty element.
        return Reply.Xml(S3Xml.Write("LocationConstraint", xml => xml.WriteString(location == "us-east-1" ? "" : location)));
    }

    /// <summary>Versioning is not offered, and so was never switched on.</summary>
    public static Reply GetVersioning(RequestContext context)
    {
        _ = context.Bucket;
        return Reply.Xml(S3Xml.Write("VersioningConfiguration", _ => { }));
    }

    /// <summary>Whoever has credentials owns everything.</summary>
    public static Reply GetAcl(RequestContext context)
    {
        if (context.Request.Key.Length > 0 && context.Bucket.Find(context.Request.Key) is null)
            throw S3Exception.NoSuchKey(context.Request.Key);
        _ = context.Bucket;
        return Reply.Xml(S3Xml.Write("AccessControlPolicy", xml =>
        {
            WriteOwner(xml);
            xml.Element("AccessControlList", () => xml.Element("Grant", () =>
            {
                xml.WriteStartElement("Grantee");
                xml.WriteAttributeString("xsi", "type", "http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser");
                xml.Element("ID", Owner);
                xml.Element("DisplayName", Owner);
                xml.WriteEndElement();
                xml.Element("Permission", "FULL_CONTROL");
            }));
        }));
    }

    public static Reply GetPolicy(RequestContext context) =>
        throw new S3Exception(404, "NoSuchBucketPolicy", "The bucket policy does not exist") { Details = [("BucketName", context.Bucket.Name)] };

    public static Reply GetEncryption(RequestContext context)
    {
        var settings = context.Bucket.Settings;
        bool isBlocked = settings.BlocksCustomerKey && context.Dialect.BucketsCanBlockCustomerKey;
        if (!settings.HasEncryption && !isBlocked)
            throw new S3Exception(404, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found");
        return Reply.Xml(S3Xml.Write("ServerSideEncryptionConfiguration", xml => xml.Element("Rule", () =>
        {
            if (settings.DefaultServiceKey)
                xml.Element("ApplyServerSideEncryptionByDefault", () => xml.Element("SSEAlgorithm", EncryptionHeaders.Aes256));
            if (context.Dialect.BucketsCanBlockCustomerKey)
                xml.Element("BlockedEncryptionTypes", () => xml.Element("EncryptionType", isBlocked ? "SSE-C" : "NONE"));
        })));
    }

    public static async ValueTask<Reply> PutEncryptionAsync(RequestContext context, CancellationToken cancellation)
    {
        var bucket = context.Bucket;
        if (!context.Dialect.OffersServiceKey)
            throw S3Exception.InvalidRequest("Bucket encryption is not offered");
        var root = S3Xml.Parse(await context.ReadDocumentAsync(cancellation), "ServerSideEncryptionConfiguration");
        var rule = root.Children("Rule").FirstOrDefault() ?? throw S3Exception.MalformedXml();
        string? algorithm = rule.Children("ApplyServerSideEncryptionByDefault").FirstOrDefault()?.Child("SSEAlgorithm");
        if (algorithm is not (null or EncryptionHeaders.Aes256))
            throw S3Exception.NotImplemented("bucket encryption with " + algorithm);
        string? blocked = rule.Children("BlockedEncryptionTypes").FirstOrDefault()?.Child("EncryptionType");
        if (blocked is not (null or "NONE" or "SSE-C"))
            throw S3Exception.MalformedXml();
        bucket.Change(bucket.Settings with
        {
            HasEncryption = true,
            DefaultServiceKey = algorithm is not null,
            BlocksCustomerKey = blocked is null ? bucket.Settings.BlocksCustomerKey : blocked == "SSE-C",
        });
        return Reply.Empty();
    }

    public static Reply DeleteEncryption(RequestContext context)
    {
        var bucket = context.Bucket;
        bucket.Change(bucket.Settings with { HasEncryption = false, DefaultServiceKey = false });
        return Reply.Empty(204);
    }

    public static void WriteOwner(System.Xml.XmlWriter xml, string element = "Owner") => xml.Element(element, () =>
    {
        xml.Element("ID", Owner);
        xml.Element("DisplayName", Owner);
    });

    /// <summary>"Bucket naming rules" of the S3 user guide; also what makes a name safe as a folder's.</summary>
    private static bool IsValidName(string name) =>
        name.Length is >= 3 and <= 63
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
        && !name.Contains("..", StringComparison.Ordinal);
}
