using SseCFs.Tree;

namespace SseCFs;

/// <content>Finding names, and what is known of them.</content>
public sealed partial class SseFileSystem
{
    public ValueTask<Entry> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, Caller caller, CancellationToken cancellation) =>
        LookupAsync(parent, name, caller, isToOpen: true, cancellation);

    public ValueTask<Entry> LookupAttributesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation) =>
        LookupAsync(parent, name, default, isToOpen: false, cancellation);

    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> FindNamesAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        var segments = await _lookup.FindAnyCaseAsync(_mounted.Names.GetDirectory(parent), FileName.ToSegment(name.Span), cancellation).ConfigureAwait(false);
        return [.. segments.Select(segment => (ReadOnlyMemory<byte>)FileName.ToName(segment)!)];
    }

    public void Forget(ulong inode, ulong count) => _mounted.Names.Forget(inode, count);

    public async ValueTask<Attributes> GetAttributesAsync(ulong inode, ulong? handle, CancellationToken cancellation)
    {
        var found = _mounted.Names.Get(inode);
        EnsureReachable(found);
        await _metadata.EnsureAsync(found, withContent: false, cancellation).ConfigureAwait(false);
        if (handle is null)
        {
            await _lookup.ConfirmAttributesAsync(found, cancellation).ConfigureAwait(false);
        }
        EnsureReachable(found);
        EnsureShown(found);
        return _lookup.AttributesOf(found);
    }

    private async ValueTask<Entry> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, Caller caller, bool isToOpen, CancellationToken cancellation)
    {
        var directory = _mounted.Names.GetDirectory(parent);
        var segment = FileName.ToSegment(name.Span);
        await _doubts.AskAboutAsync(directory, segment, cancellation).ConfigureAwait(false);
        for (; ; )
        {
            var inode = await _lookup.LookUpAsync(directory, segment, caller, isToOpen, cancellation).ConfigureAwait(false);
            if (_metadata.IsHidden(inode))
            {
                throw new FsException(FsError.NotFound, $"{_mounted.Names.KeyOf(inode)} is not shown because it is not encrypted");
            }
            if (_lookup.TryGive(inode, caller) is { } entry)
            {
                return entry;
            }
        }
    }

    /// <summary>A directory that another one has replaced while its gate was waited for: what was to be made in it belongs into the other one, which the kernel finds.</summary>
    private void EnsureNotReplaced(DirectoryInode directory)
    {
        lock (_mounted.Names.Sync)
        {
            if (directory.IsDetached && directory.Parent is { } parent && parent.Children.ContainsKey(directory.Name))
            {
                throw new FsException(FsError.Stale, $"{_mounted.Names.KeyOf(directory)} was replaced by another directory");
            }
        }
    }

    /// <summary>The directory of an operation that takes a name in it.</summary>
    private DirectoryInode GetDirectoryToChange(ulong number)
    {
        var directory = GetDirectoryToRemoveFrom(number);
        lock (_mounted.Names.Sync)
        {
            directory.Series = null;
        }
        return directory;
    }

    private DirectoryInode GetDirectoryToRemoveFrom(ulong number)
    {
        var directory = _mounted.Names.GetDirectory(number);
        _ahead.End(directory);
        return directory;
    }

    private void NoteRemoved(DirectoryInode directory)
    {
        lock (_mounted.Names.Sync)
        {
            _series.NoteRemoved(directory);
        }
    }
}
