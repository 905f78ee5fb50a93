namespace SseCFs.LocalStore.Storage;

/// <summary>The order of keys in listings: by UTF-8 bytes, which is by code points; UTF-16 differs where surrogates are.</summary>
internal sealed class KeyOrder : IComparer<string>
{
    public static KeyOrder Instance { get; } = new();

    public int Compare(string? x, string? y) => Compare(x.AsSpan(), y.AsSpan());

    public static int Compare(ReadOnlySpan<char> x, ReadOnlySpan<char> y)
    {
        int same = x.CommonPrefixLength(y);
        if (same == x.Length || same == y.Length)
            return x.Length - y.Length;
        char a = x[same], b = y[same];
        // A surrogate stands for a code point above all of U+E000 to U+FFFF.
        if (char.IsSurrogate(a) != char.IsSurrogate(b))
            return char.IsSurrogate(a) ? 1 : -1;
        return a - b;
    }
}
