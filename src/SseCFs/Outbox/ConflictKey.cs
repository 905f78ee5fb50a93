using System.Globalization;
using System.Text;

namespace SseCFs.Outbox;

/// <summary>The key under which the loser of a conflict is kept: the file's name with host and time behind it.</summary>
internal static class ConflictKey
{
    private const int LongestHost = 64;

    /// <param name="number">Tells conflicts of the same millisecond apart; 1 is not shown.</param>
    /// <returns>
    /// A key that S3 takes and whose name a file system shows. The file's name is cut where it is too long with the addition; where the directory's path leaves no room, the
    /// key is in the nearest directory above that does.
    /// </returns>
    public static string Of(string key, string host, DateTimeOffset time, int number)
    {
        var tail = string.Create(CultureInfo.InvariantCulture, $"-{time.UtcDateTime:yyyyMMdd'T'HHmmssfff'Z'}{(number == 1 ? "" : $"-{number}")}");
        var suffix = $".conflict-{host[..Math.Min(host.Length, LongestHost)]}{tail}";
        var slash = key.LastIndexOf('/');
        var (directory, segment) = (key[..(slash + 1)], key[(slash + 1)..]);
        var name = FileName.ToName(segment) ?? Encoding.UTF8.GetBytes(segment);
        for (; ; )
        {
            if (Cut(name, FileName.LongestName - suffix.Length, FileName.LongestKey - 1 - Encoding.UTF8.GetByteCount(directory) - suffix.Length) is { Length: > 0 } cut)
            {
                return directory + cut + suffix;
            }
            if (directory.Length == 0)
            {
                throw new FsException(FsError.NameTooLong, $"no name can be made for the conflicting copy of {key}");
            }
            directory = directory[..(directory.LastIndexOf('/', directory.Length - 2) + 1)];
        }
    }

    /// <summary>The start of a name, as a segment of a key, that has at most so many bytes as a name and in a key; characters are not split.</summary>
    private static string Cut(ReadOnlySpan<byte> name, int longestName, int longestSegment)
    {
        var result = "";
        for (var length = 0; length < name.Length;)
        {
            Rune.DecodeFromUtf8(name[length..], out _, out var used);
            length += used;
            if (length > longestName)
            {
                break;
            }
            var segment = FileName.ToSegment(name[..length]);
            if (Encoding.UTF8.GetByteCount(segment) > longestSegment)
            {
                break;
            }
            result = segment;
        }
        return result;
    }
}
