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
            if (Ascii.IsValid(name) && Encoding.ASCII.GetString(name) is var text && text.StartsWith(Prefix, StringComparison.Ordinal)
                && text != DosAttributes.Name && text.Length - Prefix.Length is > 0 and <= EaList.LongestName)
            {
                result.Add(text[Prefix.Length..]);
            }
        }
        return result;
    }

    /// <summary>The attribute that Windows means, which ignores case; of a new one, the name as it was given.</summary>
    public static byte[] ToKept(string name, IEnumerable<string> shown) =>
        Encoding.UTF8.GetBytes(Prefix + (shown.FirstOrDefault(one => one.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name));
}
