using System.Buffers.Binary;

namespace SseCFs.Simulation.Stage;

/// <summary>
/// Content that tells where it comes from: records of eight bytes, each the number of the write that made it, which is its tag. 0 is a hole. No two writes have the same tag.
/// </summary>
internal static class Tagged
{
    public const int RecordSize = 8;

    public static byte[] Of(long tag, int records)
    {
        var data = new byte[records * RecordSize];
        for (var i = 0; i < records; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(i * RecordSize), tag);
        }
        return data;
    }

    public static IReadOnlyList<long> RecordsOf(byte[] data)
    {
        var records = new long[data.Length / RecordSize];
        for (var i = 0; i < records.Length; i++)
        {
            records[i] = BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(i * RecordSize));
        }
        return records;
    }

    /// <summary>The different tags, without holes.</summary>
    public static IReadOnlyList<long> TagsIn(byte[] data) => data.Length == 0 ? [] : [.. RecordsOf(data).Where(tag => tag != 0).Distinct()];

    public static string Text(byte[] data) => $"[{string.Join(' ', RecordsOf(data).GroupAdjacent())}]";

    private static IEnumerable<string> GroupAdjacent(this IReadOnlyList<long> records)
    {
        for (var i = 0; i < records.Count;)
        {
            var start = i;
            while (i < records.Count && records[i] == records[start])
            {
                i++;
            }
            yield return i - start == 1 ? $"{records[start]}" : $"{records[start]}x{i - start}";
        }
    }
}
