namespace SseCFs.Contract;

/// <summary>
/// Why an operation failed, by what happened rather than by a number. Each adapter has one exhaustive
/// table from these to its own codes (errno, NTSTATUS).
/// </summary>
public enum FsError
{
    /// <summary>No entry of that name, or the object behind it is gone.</summary>
    NotFound,

    /// <summary>An entry of that name is already there.</summary>
    Exists,

    /// <summary>The operation needs a directory and met something else.</summary>
    NotDirectory,

    /// <summary>The operation cannot be done to a directory.</summary>
    IsDirectory,

    /// <summary>The directory still has entries, hidden ones included.</summary>
    NotEmpty,

    /// <summary>The object is encrypted with a key that this mount does not hold.</summary>
    KeyUnknown,

    /// <summary>The object is not encrypted, and this mount opens none such (<see cref="PlainObjects"/>).</summary>
    PlainRefused,

    /// <summary>The service refused the credentials, or the bucket's policy refused the request.</summary>
    AccessDenied,

    /// <summary>The file system can never do this (a hard link, a device node).</summary>
    NotPermitted,

    /// <summary>The operation or one of its flags is not offered here.</summary>
    NotSupported,

    /// <summary>An argument is out of its range.</summary>
    InvalidArgument,

    /// <summary>The name is longer than 255 bytes, or the object's key longer than 1,024.</summary>
    NameTooLong,

    /// <summary>The mount is read-only.</summary>
    ReadOnly,

    /// <summary>The object changed under an open handle, or the handle's version is gone.</summary>
    Stale,

    /// <summary>Another writer changed the object since it was opened; nothing was overwritten.</summary>
    Conflict,

    /// <summary>The file would exceed what one object can hold.</summary>
    FileTooLarge,

    /// <summary>No room for staged data, or the service's quota is used up.</summary>
    NoSpace,

    /// <summary>Metadata or extended attributes exceed what one object can carry.</summary>
    MetadataTooLarge,

    /// <summary>No extended attribute of that name.</summary>
    NoAttribute,

    /// <summary>The handle is not open for this, or is not known.</summary>
    BadHandle,

    /// <summary>The caller took its request back.</summary>
    Interrupted,

    /// <summary>The service could not be reached, or did not answer in the time allowed.</summary>
    Unavailable,

    /// <summary>The service did not confirm that a write was encrypted with our key; the write was undone.</summary>
    NotEncrypted,

    /// <summary>The service answered something that cannot be right: a wrong length, range, ETag or document.</summary>
    BadReply,

    /// <summary>Anything else that failed underneath; the cause is attached.</summary>
    InputOutput,
}
