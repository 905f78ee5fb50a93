using System.Text;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Metadata;

/// <summary>Which extended attributes Windows sees: those of the user's that have a name in ASCII, without the prefix "user.".</summary>
internal static class EaNames
{
    private const string Prefix = "user.";

    /// <param name="list">As the file system lists them: each ended by a zero.</param>
    public static List<string> Shown(ReadOnlySpan<byte> list)
    {
        var result = new List<string>();
        foreach (var range in list.Split((byte)0))
        {
            var name = list[range];
            if (Ascii.IsValid(name) && Encoding.ASCII.GetString(name) is var text && IsShown(text))
            {
                result.Add(text[Prefix.Length..]);
            }
        }
        return result;
    }

    /// <summary>Bytes that those shown take in an <see cref="EaList"/>.</summary>
    public static uint SizeOfShown(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> attributes)
    {
        var size = 0;
        for (var i = 0; i < attributes.Count; i++)
        {
            var (name, value) = attributes[i];
            size += IsShown(name) ? EaList.SizeOf(name.Length - Prefix.Length, value.Length) : 0;
        }
        return (uint)size;
    }

    /// <summary>The value of <see cref="DosAttributes.Name"/>; null if there is none.</summary>
    public static ReadOnlyMemory<byte>? KeptDosAttributes(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> attributes)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            if (attributes[i].Name == DosAttributes.Name)
            {
                return attributes[i].Value;
            }
        }
        return null;
    }

    private static bool IsShown(string name) => Ascii.IsValid(name) && name.StartsWith(Prefix, StringComparison.Ordinal)
        && name != DosAttributes.Name && name.Length - Prefix.Length is > 0 and <= EaList.LongestName;

    /// <summary>The attribute that Windows means, which ignores case; of a new one, the name as it was given.</summary>
    public static byte[] ToKept(string name, IEnumerable<string> shown) =>
        Encoding.UTF8.GetBytes(Prefix + (shown.FirstOrDefault(one => one.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name));
}
