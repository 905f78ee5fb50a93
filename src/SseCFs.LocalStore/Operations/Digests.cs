using System.Security.Cryptography;
using SseCFs.LocalStore.Checksums;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Operations;

/// <summary>Which checksum of a body is made, and what it must be. Source: "Checking object integrity" in the S3 user guide.</summary>
/// <param name="Expected">From a header; null where a trailer brings it or nothing does.</param>
/// <param name="FromTrailer">A trailer must bring it.</param>
internal sealed record ChecksumPlan(ChecksumAlgorithm Algorithm, byte[]? Expected, bool FromTrailer);

internal static class Digests
{
    /// <summary>What this request's checksum headers ask for; null for nothing, or where the dialect ignores them.</summary>
    /// <param name="request">With headers, and the announcement of trailers.</param>
    /// <param name="dialect">What is looked at.</param>
    /// <param name="uploadAlgorithm">The multipart upload's own, which is made for every part.</param>
    public static ChecksumPlan? PlanFor(S3Request request, Dialect dialect, ChecksumAlgorithm? uploadAlgorithm)
    {
        if (dialect.Trailers == TrailerSupport.Checked && request.Header("x-amz-trailer") is { } trailer)
        {
            foreach (var algorithm in ChecksumAlgorithms.All)
            {
                if (trailer.Trim().Equals(algorithm.Header(), StringComparison.OrdinalIgnoreCase))
                    return new ChecksumPlan(algorithm, null, true);
            }
            throw S3Exception.InvalidRequest("The value specified in the x-amz-trailer header is not supported");
        }
        if (dialect.Checksums == ChecksumSupport.Ignored)
            return null;
        if (dialect.Checksums == ChecksumSupport.Checked || uploadAlgorithm is not null || request.Header("x-amz-sdk-checksum-algorithm") is not null)
        {
            foreach (var algorithm in ChecksumAlgorithms.All)
            {
                if (request.Header(algorithm.Header()) is { } value)
                    return new ChecksumPlan(algorithm, Decode(value, algorithm), false);
            }
        }
        return uploadAlgorithm is { } own ? new ChecksumPlan(own, null, false) : null;
    }

    public static void Check(ChecksumPlan plan, byte[] actual, IReadOnlyDictionary<string, string> trailers)
    {
        byte[]? expected = plan.Expected;
        if (plan.FromTrailer)
        {
            expected = trailers.TryGetValue(plan.Algorithm.Header(), out string? value)
                ? Decode(value, plan.Algorithm)
                : throw new S3Exception(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.");
        }
        if (expected is not null && !expected.AsSpan().SequenceEqual(actual))
            throw new S3Exception(400, "BadDigest", $"The {plan.Algorithm.Name()} you specified did not match the calculated checksum.");
    }

    public static bool WantsMd5(S3Request request) => request.Header("Content-MD5") is not null;

    public static void CheckMd5(S3Request request, byte[] actual)
    {
        if (request.Header("Content-MD5") is not { } text)
            return;
        byte[] expected = new byte[MD5.HashSizeInBytes];
        if (text.Length != 24 || !Convert.TryFromBase64String(text, expected, out int length) || length != expected.Length)
            throw new S3Exception(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
        if (!expected.AsSpan().SequenceEqual(actual))
            throw new S3Exception(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
    }

    private static byte[] Decode(string value, ChecksumAlgorithm algorithm)
    {
        byte[] bytes = new byte[algorithm.Length() + 3];
        return Convert.TryFromBase64String(value, bytes, out int length) && length == algorithm.Length()
            ? bytes[..length]
            : throw S3Exception.InvalidRequest($"Value for {algorithm.Header()} header is invalid.");
    }
}
