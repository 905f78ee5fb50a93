using System.Globalization;

namespace SseCFs.Tree;

/// <summary>Times in metadata as rclone writes those of creation: RFC 3339, in UTC, to a ten-millionth of a second here. Stateless.</summary>
internal static class Rfc3339
{
    /// <summary>Null for what is no such time.</summary>
    public static Timestamp? Parse(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? Timestamp.From(time) : null;

    /// <summary>Times that a calendar of the years 1 to 9999 does not have become its first or last second.</summary>
    public static string Format(Timestamp time)
    {
        var seconds = Math.Clamp(time.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(time.Nanoseconds / 100).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
    }
}
