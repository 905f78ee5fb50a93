namespace SseCFs.Tool.CommandLine;

/// <summary>s3://BUCKET[/PREFIX]. Prefix is empty or ends in '/', and is taken as it stands: nothing is percent-decoded.</summary>
internal sealed record BucketUrl(string Bucket, string Prefix)
{
    private const string Scheme = "s3://";

    // S3's own limits are 3 to 63 of a-z, 0-9, '-' and '.'; old buckets and Ceph also have capitals, '_' and up to 255.
    private const int LongestBucket = 255;

    /// <exception cref="FormatException">Says what is wrong with it.</exception>
    public static BucketUrl Parse(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            throw new FormatException($"'{text}' is not s3://BUCKET or s3://BUCKET/PREFIX");
        }
        var rest = text[Scheme.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? rest : rest[..slash];
        var prefix = slash < 0 ? "" : rest[(slash + 1)..].TrimEnd('/');
        if (bucket.Length is < 3 or > LongestBucket || !bucket.All(IsBucketCharacter))
        {
            throw new FormatException($"'{bucket}' cannot be a bucket's name: 3 to 63 lower-case letters, digits, '-' and '.'");
        }
        if (prefix.Length > 0 && prefix.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw new FormatException($"the prefix '{prefix}' has an empty part, '.' or '..', which no directory can be named");
        }
        return new BucketUrl(bucket, prefix.Length == 0 ? "" : prefix + "/");
    }

    public override string ToString() => Scheme + Bucket + (Prefix.Length == 0 ? "" : "/" + Prefix);

    private static bool IsBucketCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_';
}
