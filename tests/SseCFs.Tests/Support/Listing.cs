using System.Text;

namespace SseCFs.Tests.Support;

/// <summary>Reads directories through small buffers, as getdents(2) does.</summary>
internal sealed class Listing(int room) : IDirectorySink
{
    public List<(string Name, ulong Inode, uint Type, ulong NextOffset, Entry? Entry)> Items { get; } = [];

    public bool TryAdd(in DirectoryItem item, in Entry? entry)
    {
        if (Items.Count == room)
        {
            return false;
        }
        Items.Add((Encoding.UTF8.GetString(item.Name), item.Inode, item.Type, item.NextOffset, entry));
        return true;
    }

    /// <summary>All names, "." and ".." included, a few at a time.</summary>
    public static async Task<List<string>> ReadAsync(SseFileSystem files, ulong inode, bool withAttributes = false, int room = 7)
    {
        var handle = await files.OpenDirectoryAsync(inode, default);
        var names = new List<string>();
        ulong offset = 0;
        for (; ; )
        {
            var page = new Listing(room);
            await files.ReadDirectoryAsync(handle, offset, withAttributes, page, default);
            if (page.Items.Count == 0)
            {
                break;
            }
            names.AddRange(page.Items.Select(item => item.Name));
            offset = page.Items[^1].NextOffset;
        }
        files.ReleaseDirectory(handle);
        return names;
    }
}
