using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>The set-user-id and set-group-id bits, which a file of any type loses when its owner changes or it is written to.</summary>
internal static class SetIdBits
{
    /// <summary>
    /// Whether a set-group-id bit stays that the group cannot execute, which means mandatory locking: yes if the caller is in that group
    /// (setattr_should_drop_sgid in fs/attr.c, Linux 6.2 and later). Not to be called under the inode's lock: the system is asked.
    /// </summary>
    public static bool KeepsGroup(Inode inode, Caller caller)
    {
        uint mode, group;
        lock (inode.Sync)
        {
            var known = inode.Metadata!;
            (mode, group) = (known.Mode, known.Gid);
        }
        return (mode & FileType.SetGroupId) == 0 || caller.IsIn(group);
    }

    /// <summary>What is left of the permission bits of a mode.</summary>
    public static uint Cleared(uint mode, bool keepsGroup) => mode & ~LostOf(mode, keepsGroup) & FileType.PermissionMask;

    /// <summary>Under the inode's lock.</summary>
    /// <returns>False: there was none to clear.</returns>
    public static bool TryClear(Inode inode, bool keepsGroup)
    {
        var mode = inode.Metadata!.Mode;
        if (LostOf(mode, keepsGroup) == 0)
        {
            return false;
        }
        inode.Change(new AttributePatch { Permissions = Cleared(mode, keepsGroup) });
        return true;
    }

    /// <summary>
    /// For a write, whose caller is not known: Linux clears the bit of a group that the writer is not in by a change of attributes before it writes.
    /// </summary>
    /// <returns>False: there was none to clear.</returns>
    public static bool TryClear(FileInode file)
    {
        lock (file.Sync)
        {
            return TryClear(file, keepsGroup: true);
        }
    }

    /// <summary>
    /// Who writes clears the bits, whoever it is; so does chown(2) without an owner, which only the owner may call. Both come as the same change: a writer is told by the handle
    /// that it has.
    /// </summary>
    public static void EnsureMayClear(Inode inode, Caller caller)
    {
        var keepsGroup = KeepsGroup(inode, caller);
        lock (inode.Sync)
        {
            var known = inode.Metadata!;
            if (LostOf(known.Mode, keepsGroup) != 0 && caller.Uid != 0 && caller.Uid != known.Uid && inode is not FileInode { Writers: > 0 })
            {
                throw new FsException(FsError.NotPermitted, "only the owner of a file may take its set-id bits away");
            }
        }
    }

    /// <summary>Directories keep both.</summary>
    private static uint LostOf(uint mode, bool keepsGroup)
    {
        if ((mode & FileType.Mask) == FileType.Directory)
        {
            return 0;
        }
        var losesGroup = (mode & FileType.GroupExecute) != 0 || !keepsGroup;
        return mode & (FileType.SetUserId | (losesGroup ? FileType.SetGroupId : 0));
    }
}
