using System.Security.AccessControl;
using SseCFs.WinFsp.Metadata;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Security;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;


namespace SseCFs.WinFsp.Callbacks;

/// <content>Attributes, times, owners and rights.</content>
internal sealed partial class DriveFileSystem
{
    private const uint LeaveAttributes = uint.MaxValue;

    // The names in AccessControlSections are for Windows only.
    private const AccessControlSections AccessSection = (AccessControlSections)2;
    private const AccessControlSections OwnerSection = (AccessControlSections)4;
    private const AccessControlSections GroupSection = (AccessControlSections)8;

    public override int GetFileInfo(object FileNode, object FileDesc, out FileInfo FileInfo)
    {
        FileInfo = default;
        FileInfo = DispatcherThread.Wait(DescribeAsync(Node(FileDesc).Inode, CancellationToken.None));
        return STATUS_SUCCESS;
    }

    /// <summary>The time of change is the file system's own, as in POSIX.</summary>
    public override int SetBasicInfo(
        object FileNode, object FileDesc, uint FileAttributes, ulong CreationTime, ulong LastAccessTime, ulong LastWriteTime, ulong ChangeTime, out FileInfo FileInfo)
    {
        FileInfo = default;
        FileInfo = DispatcherThread.Wait(ChangeAsync(Node(FileDesc), FileAttributes, new AttributeChange
        {
            CreationTime = FileTime.ToChange(CreationTime),
            AccessTime = FileTime.ToChange(LastAccessTime),
            ModifyTime = FileTime.ToChange(LastWriteTime),
        }));
        return STATUS_SUCCESS;
    }

    public override int GetSecurity(object FileNode, object FileDesc, ref byte[]? SecurityDescriptor)
    {
        SecurityDescriptor = SecurityOf(DispatcherThread.Wait(_files.GetAttributesAsync(Node(FileDesc).Inode, null, CancellationToken.None)));
        return STATUS_SUCCESS;
    }

    /// <summary>As far as mode bits can say it; of other users' rights, more cannot be kept.</summary>
    public override int SetSecurity(object FileNode, object FileDesc, AccessControlSections Sections, byte[] SecurityDescriptor)
    {
        if (_options.Security is not null)
        {
            throw new StatusException(STATUS_ACCESS_DENIED, "all files have the security descriptor that the drive was mounted with");
        }
        DispatcherThread.Wait(SetSecurityAsync(Node(FileDesc).Inode, Sections, SecurityDescriptor));
        return STATUS_SUCCESS;
    }

    private async ValueTask<FileInfo> ChangeAsync(OpenNode node, uint dosAttributes, AttributeChange change)
    {
        var attributes = await _files.GetAttributesAsync(node.Inode, node.Handle, CancellationToken.None).ConfigureAwait(false);
        if (dosAttributes is not (LeaveAttributes or 0))
        {
            var mode = DosAttributes.ModeWith(dosAttributes, attributes.Mode);
            change = change with { Mode = mode == attributes.Mode ? null : mode & FileType.PermissionMask };
            await KeepDosAttributesAsync(attributes, dosAttributes).ConfigureAwait(false);
        }
        if (change != default)
        {
            await _files.SetAttributesAsync(node.Inode, node.Handle, change, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        }
        return DescribeKnown(node.Inode);
    }

    /// <summary>Keeps hidden, system and archive, if they are not what the file has anyway.</summary>
    private async ValueTask KeepDosAttributesAsync(Attributes attributes, uint wanted)
    {
        var before = await _files.GetExtendedAttributeAsync(attributes.Inode, DosAttributes.NameBytes, CancellationToken.None).ConfigureAwait(false);
        // Every file is archived anew once it is made or written, so that this says nothing.
        var value = DosAttributes.ToKeep(wanted, attributes.IsDirectory);
        if (value is null ? before is null : before is { } kept && kept.Span.SequenceEqual(value))
        {
            return;
        }
        if (value is null)
        {
            await _files.RemoveExtendedAttributeAsync(attributes.Inode, DosAttributes.NameBytes, CancellationToken.None).ConfigureAwait(false);
        }
        else
        {
            await _files.SetExtendedAttributeAsync(
                attributes.Inode, DosAttributes.NameBytes, value, ExtendedAttributeMode.CreateOrReplace, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async ValueTask SetSecurityAsync(ulong inode, AccessControlSections sections, byte[] descriptor)
    {
        var attributes = await _files.GetAttributesAsync(inode, null, CancellationToken.None).ConfigureAwait(false);
        var change = ChangeFor(attributes, sections, descriptor);
        if (change != default)
        {
            await _files.SetAttributesAsync(inode, null, change, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private AttributeChange ChangeFor(in Attributes attributes, AccessControlSections sections, byte[] descriptor)
    {
        var change = default(AttributeChange);
        var owners = _options.Owners;
        var user = owners.UserOf(attributes.Uid);
        var group = owners.GroupOf(attributes.Gid);
        if ((sections & OwnerSection) != 0)
        {
            user = SecurityDescriptor.UserOf(descriptor);
            var uid = owners.UidOf(user, attributes.Uid) ?? throw Unknown();
            change = change with { Uid = uid == attributes.Uid ? null : uid };
        }
        if ((sections & GroupSection) != 0)
        {
            group = SecurityDescriptor.GroupOf(descriptor);
            var gid = owners.GidOf(group, attributes.Gid) ?? throw Unknown();
            change = change with { Gid = gid == attributes.Gid ? null : gid };
        }
        if ((sections & AccessSection) != 0 && SecurityDescriptor.ModeOf(descriptor, user, group) is { } bits)
        {
            // Where nobody else gets in, what others may do is not shown, and so it is not what the program meant to change.
            var kept = attributes.Mode & FileType.PermissionMask & ~(_options.AllowOthers ? 0x3FFu : 0x1C0u);
            var mode = kept | (_options.AllowOthers ? bits : bits & 0x1C0);
            change = change with { Mode = mode == (attributes.Mode & FileType.PermissionMask) ? null : mode };
        }
        return change;

        static StatusException Unknown() => new(STATUS_INVALID_OWNER, "only you and users of Unix can own files in a bucket");
    }
}
