using Fsp;
using Fsp.Interop;

using Microsoft.Extensions.Logging;
using SseCFs.WinFsp.Metadata;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <summary>
/// The operations that WinFsp's driver asks for, over the file system's face. Thread-safe, as the driver asks on many threads at once. What an operation throws becomes its
/// status in <see cref="ExceptionHandler"/>.
/// </summary>
internal sealed partial class DriveFileSystem : FileSystemBase, IAsyncDisposable
{
    private const uint BlockSize = 4096;

    [ThreadStatic]
    private static uint t_request;

    private static uint s_lastRequest;

    private readonly IFileSystem _files;
    private readonly DriveOptions _options;
    private readonly DriveLog _log;
    private readonly Caller _caller;
    private readonly FolderNames _names;
    private readonly PathWalk _walk;
    private readonly PendingRequests _pending = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDriveHost? _host;
    private ChangeNotifications? _notifications;
    private int _isDisposed;

    public DriveFileSystem(IFileSystem files, DriveOptions options, ILogger logger)
    {
        _files = files;
        _options = options;
        _log = new DriveLog(logger);
        _caller = new Caller(options.Uid, options.Gid, 0);
        _names = new FolderNames(files);
        _walk = new PathWalk(files, _names);
    }

    /// <summary>Ends when the drive is gone and the last request has been answered.</summary>
    public Task Completion => _ended.Task;

    /// <summary>To be called before it is mounted.</summary>
    public void Connect(IDriveHost host)
    {
        _host = host;
        _notifications = new ChangeNotifications(_files, _names, host, _log, _options.Time);
        _files.Invalidation = _notifications;
    }

    public override int ExceptionHandler(Exception ex)
    {
        var status = NtStatus.Of(ex);
        _log.Log("a request", ex, status);
        return status;
    }

    /// <summary>Before WinFsp mounts: what kind of file system this is. WinFsp's switches can only be turned on, each once.</summary>
    public override int Init(object Host)
    {
        var host = (FileSystemHost)Host;
        host.SectorSize = (ushort)BlockSize;
        host.SectorsPerAllocationUnit = 1;
        host.MaxComponentLength = WindowsName.Longest;
        host.FileInfoTimeout = (uint)_options.AttributesValid.TotalMilliseconds;
        host.CaseSensitiveSearch = false;
        host.CasePreservedNames = true;
        host.UnicodeOnDisk = true;
        host.PersistentAcls = true;
        host.ReparsePoints = true;
        host.ExtendedAttributes = true;
        // Nearly every open is followed by a cleanup that has nothing to say.
        host.PostCleanupWhenModifiedOnly = true;
        host.PassQueryDirectoryPattern = true;
        host.PassQueryDirectoryFileName = true;
        // What a mapping wrote must be stored when the file is closed, and not when the cache manager finds the time.
        host.FlushAndPurgeOnCleanup = true;
        host.SupportsPosixUnlinkRename = true;
        host.Prefix = _options.NetworkName;
        host.FileSystemName = "SseCFs";
        return STATUS_SUCCESS;
    }

    /// <summary>
    /// The last of WinFsp's threads ends, because the drive is unmounted or because the driver has ended the file system. When this returns, WinFsp cancels the requests that are still
    /// pending, which unmaps the buffers of reads, writes and listings (FspFileSystemStopDispatcher in src/dll/fs.c, FspVolumeStop in src/sys/volume.c).
    /// <see cref="FileSystemBase.Unmounted"/> would be too late: it is called after that.
    /// </summary>
    public override void DispatcherStopped(bool Normally)
    {
        try
        {
            DispatcherThread.Wait(DisposeAsync());
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    public override int GetVolumeInfo(out VolumeInfo VolumeInfo)
    {
        var capacity = _files.GetCapacity();
        VolumeInfo = default;
        VolumeInfo.TotalSize = capacity.Blocks * capacity.BlockSize;
        VolumeInfo.FreeSize = capacity.FreeBlocks * capacity.BlockSize;
        VolumeInfo.SetVolumeLabel(_options.Label);
        return STATUS_SUCCESS;
    }

    /// <summary>Cancels pending requests and waits until each has been answered. To be called when no request can come any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }
        await _pending.DisposeAsync().ConfigureAwait(false);
        if (_notifications is { } notifications)
        {
            _files.Invalidation = null;
            await notifications.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<FileInfo> DescribeAsync(ulong inode, CancellationToken cancellation) =>
        await DescribeAsync(await _files.GetAttributesAsync(inode, null, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    private async ValueTask<FileInfo> DescribeAsync(Attributes attributes, CancellationToken cancellation) => Describe(
        attributes,
        await DosAttributesOfAsync(attributes, cancellation).ConfigureAwait(false),
        await EaSizeAsync(attributes.Inode, cancellation).ConfigureAwait(false));

    /// <summary>
    /// Describes a file from local state. An operation that has succeeded is answered with this: a request for the attributes could fail, and the program would take that for a
    /// failure of the operation.
    /// </summary>
    private FileInfo DescribeKnown(ulong inode)
    {
        var known = _files.GetKnown(inode);
        return Describe(known.Attributes, DosAttributes.Of(known.Attributes, EaNames.KeptDosAttributes(known.Extended)), EaNames.SizeOfShown(known.Extended));
    }

    /// <summary>What Windows is told of a file.</summary>
    private static FileInfo Describe(in Attributes attributes, uint dosAttributes, uint eaSize)
    {
        var isLink = (attributes.Mode & FileType.Mask) == FileType.SymbolicLink;
        // A link's size is its target's length in POSIX, and nothing in Windows.
        var size = attributes.IsDirectory || isLink ? 0 : (ulong)attributes.Size;
        return new FileInfo
        {
            FileAttributes = dosAttributes,
            ReparseTag = isLink ? SymbolicLinkData.Tag : 0,
            FileSize = size,
            AllocationSize = (size + BlockSize - 1) / BlockSize * BlockSize,
            CreationTime = FileTime.From(attributes.CreationTime),
            LastAccessTime = FileTime.From(attributes.AccessTime),
            LastWriteTime = FileTime.From(attributes.ModifyTime),
            ChangeTime = FileTime.From(attributes.ChangeTime),
            IndexNumber = attributes.Inode,
            EaSize = eaSize,
        };
    }

    private async ValueTask<uint> DosAttributesOfAsync(Attributes attributes, CancellationToken cancellation) => DosAttributes.Of(
        attributes, await _files.GetExtendedAttributeAsync(attributes.Inode, DosAttributes.NameBytes, cancellation).ConfigureAwait(false));

    /// <summary>The path's place, which must be there.</summary>
    private async ValueTask<Place> FindAsync(string path, CancellationToken cancellation)
    {
        var place = await _walk.FindAsync(path, CallerNow(), cancellation).ConfigureAwait(false);
        if (StatusOf(place) is not STATUS_SUCCESS and var status)
        {
            place.Dispose();
            throw new StatusException(status, $"{path}: {place.State}");
        }
        return place;
    }

    private static int StatusOf(Place place) => place.State switch
    {
        PlaceState.Found => STATUS_SUCCESS,
        PlaceState.NameMissing => STATUS_OBJECT_NAME_NOT_FOUND,
        PlaceState.Link => STATUS_REPARSE,
        _ => STATUS_OBJECT_PATH_NOT_FOUND,
    };

    private byte[] SecurityOf(in Attributes attributes)
    {
        if (_options.Security is { } fixedForAll)
        {
            return fixedForAll;
        }
        // With no right to write in it, who asks for "all that is allowed" gets a handle to read with.
        var mode = _options.IsReadOnly ? attributes.Mode & ~0x92u : attributes.Mode;
        return SecurityDescriptor.Of(mode, _options.Owners.UserOf(attributes.Uid), _options.Owners.GroupOf(attributes.Gid), _options.AllowOthers);
    }

    private static OpenNode Node(object fileDesc) => (OpenNode)fileDesc;

    /// <summary>
    /// To be asked on the request's own thread, before anything is waited for. By its number the file system knows a lookup and the open after it for one call: WinFsp asks for
    /// the security and then opens, on one thread.
    /// </summary>
    private Caller CallerNow()
    {
        if (t_request == 0)
        {
            t_request = Interlocked.Increment(ref s_lastRequest);
        }
        return _caller with { Thread = t_request };
    }

    /// <summary>Whatever this thread does next is another call.</summary>
    private static void EndRequest() => t_request = 0;
}
