using System.Globalization;

namespace SseCFs.LocalStore.Protocol;

/// <summary>A range of an object that exists: first byte and number of bytes.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>
    /// What a Range header selects; null where it has no valid single range, which by RFC 9110 means the whole object.
    /// InvalidRange where nothing of it is there.
    /// </summary>
    public static ByteRange? Parse(string? header, long size)
    {
        if (header is null || !header.StartsWith("bytes=", StringComparison.Ordinal))
            return null;
        var text = header.AsSpan(6).Trim();
        int dash = text.IndexOf('-');
        if (dash < 0 || text.Contains(','))
            return null;
        if (dash == 0)
        {
            if (!TryParse(text[1..], out long suffix))
                return null;
            if (suffix == 0 || size == 0)
                throw S3Exception.InvalidRange(size);
            suffix = Math.Min(suffix, size);
            return new ByteRange(size - suffix, suffix);
        }
        if (!TryParse(text[..dash], out long first))
            return null;
        long last = size - 1;
        if (dash + 1 < text.Length)
        {
            if (!TryParse(text[(dash + 1)..], out last) || last < first)
                return null;
            last = Math.Min(last, size - 1);
        }
        return first < size ? new ByteRange(first, last - first + 1) : throw S3Exception.InvalidRange(size);
    }

    /// <summary>An x-amz-copy-source-range: both ends must be given and must be there.</summary>
    /// <param name="missingStatus">HTTP status where they are not there.</param>
    public static ByteRange ParseCopySource(string header, long size, int missingStatus)
    {
        var text = header.AsSpan();
        int dash = text.IndexOf('-');
        if (!text.StartsWith("bytes=") || dash < 0 || !TryParse(text[6..dash], out long first) || !TryParse(text[(dash + 1)..], out long last))
            throw S3Exception.InvalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy");
        if (first > last || last >= size)
        {
            throw missingStatus == 416
                ? S3Exception.InvalidRange(size)
                : new S3Exception(missingStatus, "InvalidArgument", $"Range specified is not valid for source object of size: {size}");
        }
        return new ByteRange(first, last - first + 1);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
