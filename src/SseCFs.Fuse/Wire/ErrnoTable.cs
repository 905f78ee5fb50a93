namespace SseCFs.Fuse.Wire;

/// <summary>The one place where the file system's errors become errno values.</summary>
internal static class ErrnoTable
{
    // CS8524 is about values that have no name; a missing name is CS8509, which stays an error.
#pragma warning disable CS8524
    public static int Of(FsError error) => error switch
    {
        FsError.NotFound => Errno.ENOENT,
        FsError.Exists => Errno.EEXIST,
        FsError.NotDirectory => Errno.ENOTDIR,
        FsError.IsDirectory => Errno.EISDIR,
        FsError.NotEmpty => Errno.ENOTEMPTY,
        // Without the key the content may neither be seen nor replaced: to a program that is a file it has no right to.
        FsError.KeyUnknown => Errno.EACCES,
        FsError.PlainRefused => Errno.EACCES,
        FsError.AccessDenied => Errno.EACCES,
        FsError.NotPermitted => Errno.EPERM,
        // ENOSYS would make the kernel stop sending the operation for the life of the mount.
        FsError.NotSupported => Errno.EOPNOTSUPP,
        FsError.InvalidArgument => Errno.EINVAL,
        FsError.NameTooLong => Errno.ENAMETOOLONG,
        FsError.ReadOnly => Errno.EROFS,
        // On OPEN the VFS answers ESTALE by walking the path again without its caches (fs/namei.c, LOOKUP_REVAL).
        FsError.Stale => Errno.ESTALE,
        // Seen on close and fsync, where programs know EIO to mean "not stored"; ESTALE is often taken for "open it again".
        FsError.Conflict => Errno.EIO,
        FsError.FileTooLarge => Errno.EFBIG,
        FsError.NoSpace => Errno.ENOSPC,
        // setxattr(2): ENOSPC is "insufficient space remaining to store the extended attribute".
        FsError.MetadataTooLarge => Errno.ENOSPC,
        FsError.NoAttribute => Errno.ENODATA,
        FsError.BadHandle => Errno.EBADF,
        FsError.Interrupted => Errno.EINTR,
        FsError.Unavailable => Errno.EIO,
        FsError.NotEncrypted => Errno.EIO,
        FsError.BadReply => Errno.EIO,
        FsError.InputOutput => Errno.EIO,
    };
#pragma warning restore CS8524

    /// <summary>What a handler threw; anything that is not foreseen is EIO.</summary>
    public static int Of(Exception exception) => exception switch
    {
        FsException fs when Enum.IsDefined(fs.Reason) => Of(fs.Reason),
        OperationCanceledException => Errno.EINTR,
        _ => Errno.EIO,
    };
}
