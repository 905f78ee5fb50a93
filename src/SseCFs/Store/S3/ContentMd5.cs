using System.Security.Cryptography;

namespace SseCFs.Store.S3;

/// <summary>The MD5 of content: in the Content-MD5 header, by which the service notices a body that was damaged on its way, and in metadata.</summary>
internal static class ContentMd5
{
    /// <summary>User metadata that keeps it, in base64, under the name that rclone uses.</summary>
    public const string MetadataName = "md5chksum";

    public static string Of(ObjectContent content)
    {
#pragma warning disable CA5351 // a checksum, not a secret
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        foreach (var slice in content.Slices)
        {
            md5.AppendData(slice.Span);
        }
        return Convert.ToBase64String(md5.GetHashAndReset());
    }

    /// <summary>Of a stored object's body, read to its end.</summary>
    public static async ValueTask<string> OfAsync(ObjectBody body, CancellationToken cancellation)
    {
#pragma warning disable CA5351 // a checksum, not a secret
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        var buffer = new byte[128 << 10];
        while (await body.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and var count)
        {
            md5.AppendData(buffer, 0, count);
        }
        return Convert.ToBase64String(md5.GetHashAndReset());
    }
}
