using SseCFs.WinFsp.Metadata;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <content>Extended attributes.</content>
internal sealed partial class DriveFileSystem
{
    public override int GetEa(object FileNode, object FileDesc, nint Ea, uint EaLength, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        var attributes = DispatcherThread.Wait(EasAsync(Node(FileDesc).Inode, CancellationToken.None));
        BytesTransferred = (uint)EaList.Encode(attributes, Buffer(Ea, EaLength));
        return STATUS_SUCCESS;
    }

    public override int SetEa(object FileNode, object FileDesc, nint Ea, uint EaLength, out FileInfo FileInfo)
    {
        FileInfo = default;
        var node = Node(FileDesc);
        DispatcherThread.Wait(SetEasAsync(node.Inode, EaList.Decode(Buffer(Ea, EaLength))));
        FileInfo = DescribeKnown(node.Inode);
        return STATUS_SUCCESS;
    }

    private async ValueTask<List<(string Name, byte[] Value)>> EasAsync(ulong inode, CancellationToken cancellation)
    {
        var result = new List<(string, byte[])>();
        foreach (var name in EaNames.Shown((await _files.ListExtendedAttributesAsync(inode, cancellation).ConfigureAwait(false)).Span))
        {
            if (await _files.GetExtendedAttributeAsync(inode, EaNames.ToKept(name, [name]), cancellation).ConfigureAwait(false) is { } value)
            {
                result.Add((name, value.ToArray()));
            }
        }
        return result;
    }

    /// <summary>Bytes that all of them take in a list; hardly any file has any.</summary>
    private async ValueTask<uint> EaSizeAsync(ulong inode, CancellationToken cancellation)
    {
        var list = await _files.ListExtendedAttributesAsync(inode, cancellation).ConfigureAwait(false);
        return list.Length == 0 ? 0 : (uint)(await EasAsync(inode, cancellation).ConfigureAwait(false)).Sum(one => EaList.SizeOf(one.Name.Length, one.Value.Length));
    }

    /// <summary>One without a value is removed (FILE_FULL_EA_INFORMATION in ntifs.h).</summary>
    private async ValueTask SetEasAsync(ulong inode, List<(string Name, byte[] Value)> attributes)
    {
        if (attributes.Count == 0)
        {
            return;
        }
        var shown = EaNames.Shown((await _files.ListExtendedAttributesAsync(inode, CancellationToken.None).ConfigureAwait(false)).Span);
        foreach (var (name, value) in attributes)
        {
            var kept = EaNames.ToKept(name, shown);
            if (value.Length > 0)
            {
                await _files.SetExtendedAttributeAsync(inode, kept, value, ExtendedAttributeMode.CreateOrReplace, CancellationToken.None).ConfigureAwait(false);
            }
            else if (shown.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                await _files.RemoveExtendedAttributeAsync(inode, kept, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Replaces all of them. If a new one is refused, the old ones are restored.</summary>
    private async ValueTask ReplaceEasAsync(ulong inode, List<(string Name, byte[] Value)> attributes)
    {
        var before = await EasAsync(inode, CancellationToken.None).ConfigureAwait(false);
        await ClearEasAsync(inode).ConfigureAwait(false);
        try
        {
            await SetEasAsync(inode, attributes).ConfigureAwait(false);
        }
        catch
        {
            await ClearEasAsync(inode).ConfigureAwait(false);
            await SetEasAsync(inode, before).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask ClearEasAsync(ulong inode)
    {
        foreach (var name in EaNames.Shown((await _files.ListExtendedAttributesAsync(inode, CancellationToken.None).ConfigureAwait(false)).Span))
        {
            await _files.RemoveExtendedAttributeAsync(inode, EaNames.ToKept(name, [name]), CancellationToken.None).ConfigureAwait(false);
        }
    }
}
