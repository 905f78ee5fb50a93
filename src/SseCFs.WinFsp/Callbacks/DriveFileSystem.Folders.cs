using System.IO.Enumeration;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;


namespace SseCFs.WinFsp.Callbacks;

/// <content>
/// Listing folders. The names are read once, when a listing begins, and sorted, so that one that goes on after a name neither misses nor repeats what was there all the time;
/// attributes are asked for as they are needed, many together.
/// </content>
internal sealed partial class DriveFileSystem
{
    /// <summary>Entries whose attributes are asked for together.</summary>
    private const int EntriesTogether = 128;

    private static readonly string[] DotNames = [".", ".."];

    /// <summary>Names of a directory as they come.</summary>
    private sealed class NameSink : IDirectorySink
    {
        public List<byte[]> Names { get; } = [];

        public bool TryAdd(in DirectoryItem item, in Entry? entry)
        {
            if (!item.Name.SequenceEqual("."u8) && !item.Name.SequenceEqual(".."u8))
            {
                Names.Add(item.Name.ToArray());
            }
            return true;
        }
    }

    public override int ReadDirectory(object FileNode, object FileDesc, string? Pattern, string? Marker, nint Buffer, uint Length, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        var reading = ListAsync(Node(FileDesc), Pattern, Marker, Buffer, Length);
        if (!reading.IsCompleted)
        {
            return Later(FinishReadDirectoryAsync(reading, _host!.CurrentRequest));
        }
        BytesTransferred = reading.GetAwaiter().GetResult();
        return STATUS_SUCCESS;
    }

    public override int GetDirInfoByName(object FileNode, object FileDesc, string FileName, out string? NormalizedName, out FileInfo FileInfo)
    {
        (NormalizedName, FileInfo) = (null, default);
        if (DispatcherThread.Wait(FindInAsync(Node(FileDesc).Inode, FileName)) is not { } found)
        {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        (NormalizedName, FileInfo) = found;
        return STATUS_SUCCESS;
    }

    private async ValueTask<(string Name, FileInfo Info)?> FindInAsync(ulong folder, string name)
    {
        if (await _names.FindAsync(folder, name, caller: null, CancellationToken.None).ConfigureAwait(false) is not { } found)
        {
            return null;
        }
        try
        {
            return (found.Shown.Text, await DescribeAsync(found.Entry.Attributes, CancellationToken.None).ConfigureAwait(false));
        }
        finally
        {
            _files.Forget(found.Entry.Attributes.Inode, 1);
        }
    }

    private async Task FinishReadDirectoryAsync(ValueTask<uint> reading, ulong hint)
    {
        var (status, bytes) = (STATUS_SUCCESS, 0u);
        try
        {
            bytes = await reading.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            status = Fail("list", exception);
        }
        _host!.AnswerReadDirectory(hint, status, bytes);
    }

    /// <returns>Bytes in the buffer.</returns>
    private async ValueTask<uint> ListAsync(OpenNode node, string? pattern, string? marker, nint buffer, uint length)
    {
        var cancellation = _pending.Stopping;
        if (!node.IsDirectory)
        {
            throw new StatusException(STATUS_NOT_A_DIRECTORY, $"{node.Path} is not a directory");
        }
        if (marker is null || node.Listing is null)
        {
            node.Listing = FolderNames.Show(await ListNamesAsync(node.Inode, cancellation).ConfigureAwait(false));
        }
        var used = 0;
        if (node.Inode != IFileSystem.RootInode && marker is null or ".")
        {
            var own = await DescribeAsync(node.Inode, cancellation).ConfigureAwait(false);
            foreach (var dots in DotNames.Skip(marker is null ? 0 : 1).Where(dots => IsMatch(pattern, dots)))
            {
                if (!TryAdd(buffer, length, ref used, dots, own))
                {
                    return (uint)used;
                }
            }
        }
        var listing = node.Listing;
        var at = marker is null || DotNames.Contains(marker) ? 0 : After(listing, marker);
        while (at < listing.Count)
        {
            var page = new List<FolderNames.Shown>(EntriesTogether);
            for (; at < listing.Count && page.Count < EntriesTogether; at++)
            {
                if (IsMatch(pattern, listing[at].Text))
                {
                    page.Add(listing[at]);
                }
            }
            if (!await AddAsync(node.Inode, page).ConfigureAwait(false))
            {
                return (uint)used;
            }
        }
        TryEnd(buffer, length, ref used);
        return (uint)used;

        async ValueTask<bool> AddAsync(ulong folder, List<FolderNames.Shown> page)
        {
            var asked = page.ConvertAll(one => DescribeEntryAsync(folder, one.Name, cancellation).AsTask());
            try
            {
                for (var i = 0; i < page.Count; i++)
                {
                    if (await asked[i].ConfigureAwait(false) is { } info && !TryAdd(buffer, length, ref used, page[i].Text, info))
                    {
                        return false;
                    }
                }
                return true;
            }
            finally
            {
                // What had no room is known when it is asked for again; what failed is told with the first.
                await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Null: it is gone since the names were read.</summary>
    private async ValueTask<FileInfo?> DescribeEntryAsync(ulong folder, byte[] name, CancellationToken cancellation)
    {
        Entry entry;
        try
        {
            entry = await _files.LookupAttributesAsync(folder, name, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return null;
        }
        try
        {
            return await DescribeAsync(entry.Attributes, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _files.Forget(entry.Attributes.Inode, 1);
        }
    }

    private async ValueTask<List<byte[]>> ListNamesAsync(ulong inode, CancellationToken cancellation)
    {
        var handle = await _files.OpenDirectoryAsync(inode, cancellation).ConfigureAwait(false);
        try
        {
            var sink = new NameSink();
            await _files.ReadDirectoryAsync(handle, 0, withAttributes: false, sink, cancellation).ConfigureAwait(false);
            return sink.Names;
        }
        finally
        {
            _files.ReleaseDirectory(handle);
        }
    }

    /// <summary>The first entry after a name, whether that is still there or not.</summary>
    private static int After(List<FolderNames.Shown> listing, string marker)
    {
        var (low, high) = (0, listing.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (StringComparer.OrdinalIgnoreCase.Compare(listing[middle].Text, marker) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    private static bool IsMatch(string? pattern, string name) => pattern is null or "*" || FileSystemName.MatchesWin32Expression(pattern, name);

    private static bool TryAdd(nint buffer, uint length, ref int used, string name, in FileInfo info)
    {
        var directory = new DirectoryInfoWriter(Buffer(buffer, length)[used..]);
        var isAdded = directory.TryAdd(name, info);
        used += directory.Length;
        return isAdded;
    }

    private static void TryEnd(nint buffer, uint length, ref int used)
    {
        var directory = new DirectoryInfoWriter(Buffer(buffer, length)[used..]);
        directory.TryEnd();
        used += directory.Length;
    }
}
