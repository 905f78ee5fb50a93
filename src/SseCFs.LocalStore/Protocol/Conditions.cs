using System.Globalization;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore.Protocol;

/// <summary>If-Match and If-None-Match of a write, compared as the dialect does.</summary>
internal sealed class WriteConditions
{
    private readonly string? _ifMatch;
    private readonly string? _ifNoneMatch;
    private readonly Dialect _dialect;

    /// <param name="request">With the headers.</param>
    /// <param name="dialect">How to compare.</param>
    /// <param name="honoured">False where the dialect ignores them for this operation.</param>
    public WriteConditions(S3Request request, Dialect dialect, bool honoured = true)
    {
        _dialect = dialect;
        if (!honoured)
            return;
        _ifMatch = request.Header("If-Match");
        _ifNoneMatch = request.Header("If-None-Match");
        if (_ifNoneMatch is not (null or "*") && !dialect.PutIfNoneMatchTakesETags)
            throw S3Exception.NotImplemented("If-None-Match with an ETag");
    }

    /// <summary>Throws unless the object that is there now may be replaced.</summary>
    public void Check(StoredObject? present)
    {
        if (_ifNoneMatch is not null && present is not null && (_ifNoneMatch == "*" || Same(_ifNoneMatch, present.ETag)))
            throw S3Exception.PreconditionFailed("If-None-Match");
        if (_ifMatch is null)
            return;
        if (present is null)
        {
            throw _dialect.IfMatchOnMissingStatus == 404
                ? new S3Exception(404, "NoSuchKey", "The specified key does not exist.")
                : S3Exception.PreconditionFailed("If-Match");
        }
        if (_ifMatch != "*" && !Same(_ifMatch, present.ETag))
            throw S3Exception.PreconditionFailed("If-Match");
    }

    private bool Same(string header, string etag) => (_dialect.PutComparesETagsVerbatim ? header : header.Trim('"')) == etag;
}

/// <summary>Conditions of a read, on the object itself or on the source of a copy (RFC 9110, section 13.2.2).</summary>
internal static class ReadConditions
{
    /// <summary>False where the reply is 304; throws where it is 412.</summary>
    /// <param name="request">With the headers.</param>
    /// <param name="prefix">"" or "x-amz-copy-source-".</param>
    /// <param name="stored">The object asked for.</param>
    public static bool Hold(S3Request request, string prefix, StoredObject stored)
    {
        DateTimeOffset modified = DateTimeOffset.FromUnixTimeSeconds(stored.LastModified.ToUnixTimeSeconds());
        if (request.Header(prefix + "If-Match") is { } match)
        {
            if (!Names(match, stored.ETag))
                throw S3Exception.PreconditionFailed("If-Match");
        }
        else if (Date(request.Header(prefix + "If-Unmodified-Since")) is { } since && modified > since)
            throw S3Exception.PreconditionFailed("If-Unmodified-Since");
        return request.Header(prefix + "If-None-Match") is { } none
            ? !Names(none, stored.ETag)
            : Date(request.Header(prefix + "If-Modified-Since")) is not { } than || modified > than;
    }

    /// <summary>The conditions on a copy's source; none of them is 304.</summary>
    public static void CheckCopySource(S3Request request, StoredObject source)
    {
        if (!Hold(request, "x-amz-copy-source-", source))
            throw S3Exception.PreconditionFailed("x-amz-copy-source-If-None-Match");
    }

    private static bool Names(string header, string etag) =>
        header.Split(',', StringSplitOptions.TrimEntries).Any(e => e == "*" || e.Trim('"') == etag);

    private static DateTimeOffset? Date(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
}
