using System.Collections;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>Zeros to be read and sent, from one block of memory that all share and nobody writes to. Thread-safe.</summary>
internal static class Zeros
{
    /// <summary>Parts of zeros in a file have one length, and the last ones of them others.</summary>
    private const int MostContents = 64;

    private static readonly ReadOnlyMemory<byte> s_block = GC.AllocateArray<byte>(Block.Size, pinned: true);
    private static readonly ConcurrentDictionary<long, ObjectContent> s_contents = new();

    /// <summary>Adds zeros to the answer of a read.</summary>
    public static void AddTo(ReadSegments into, long length)
    {
        for (; length > 0; length -= Block.Size)
        {
            into.Add(s_block[..(int)Math.Min(Block.Size, length)], owner: null);
        }
    }

    public static void AddTo(List<ReadOnlyMemory<byte>> slices, long length)
    {
        for (; length > 0; length -= Block.Size)
        {
            slices.Add(s_block[..(int)Math.Min(Block.Size, length)]);
        }
    }

    /// <summary>A part of nothing but zeros, with its MD5, which is computed once for each length.</summary>
    public static ObjectContent Content(long length)
    {
        if (s_contents.TryGetValue(length, out var known))
        {
            return known;
        }
        var slices = new Slices(length);
#pragma warning disable CA5351 // Content-MD5 is what the protocol takes; nothing secret rests on it
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        foreach (var slice in slices)
        {
            md5.AppendData(slice.Span);
        }
        var content = new ObjectContent(slices, length, md5.GetHashAndReset());
        if (s_contents.Count >= MostContents)
        {
            s_contents.Clear();
        }
        s_contents[length] = content;
        return content;
    }

    /// <summary>The block again and again: no memory, however long.</summary>
    private sealed class Slices(long length) : IReadOnlyList<ReadOnlyMemory<byte>>
    {
        public int Count => (int)((length + Block.Size - 1) / Block.Size);

        public ReadOnlyMemory<byte> this[int index] => s_block[..(int)Math.Min(Block.Size, length - (long)index * Block.Size)];

        public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
            {
                yield return this[i];
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
