using System.Buffers;
using System.Security.Cryptography;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Operations;

/// <summary>Streams content into a file and digests it on the way; at most a buffer of it is in memory.</summary>
internal static class Ingest
{
    private const int BufferSize = 512 << 10;

    /// <param name="source">Read to its end.</param>
    /// <param name="file">Written to; the caller finishes it.</param>
    /// <param name="withMd5">MD5 costs more than encryption, so it is made only where it is asked for.</param>
    /// <param name="algorithm">The checksum to make; null for none.</param>
    /// <param name="cancellation">The request's.</param>
    public static async ValueTask<Ingested> RunAsync(
        IByteSource source, PayloadWriter file, bool withMd5, ChecksumAlgorithm? algorithm, CancellationToken cancellation)
    {
        using var md5 = withMd5 ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;
        using var checksum = algorithm is { } a ? new Checksum(a) : null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        long size = 0;
        try
        {
            int n;
            while ((n = await source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellation)) > 0)
            {
                var data = buffer.AsMemory(0, n);
                md5?.AppendData(data.Span);
                checksum?.Append(data.Span);
                file.Write(data.Span);
                size += n;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
        return new Ingested(size, md5?.GetHashAndReset(), checksum?.Finish());
    }

    /// <summary>The same for the body of a request, with everything checked that it promised.</summary>
    public static async ValueTask<Ingested> RunAsync(
        RequestContext context, PayloadWriter file, bool withMd5, ChecksumPlan? plan, CancellationToken cancellation)
    {
        var result = await RunAsync(context.Body, file, withMd5 || Digests.WantsMd5(context.Request), plan?.Algorithm, cancellation);
        if (result.Size != context.Body.Length)
            throw new S3Exception(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header");
        if (result.Md5 is not null)
            Digests.CheckMd5(context.Request, result.Md5);
        if (plan is not null)
            Digests.Check(plan, result.Checksum!, context.Body.Trailers);
        return result;
    }
}

/// <param name="Size">Bytes of content.</param>
/// <param name="Md5">Where it was asked for.</param>
/// <param name="Checksum">Where it was asked for.</param>
internal sealed record Ingested(long Size, byte[]? Md5, byte[]? Checksum)
{
    /// <summary>The ETag: MD5, or for SSE-C where the dialect says so a random mark.</summary>
    public string ETag(Seal seal, Dialect dialect) => NeedsMd5(seal, dialect)
        ? Convert.ToHexStringLower(Md5!)
        : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public static bool NeedsMd5(Seal seal, Dialect dialect) => seal.Kind != SealKind.Customer || dialect.EncryptedETagIsMd5;
}
