namespace SseCFs.Contract;

/// <summary>What becomes of objects that are not encrypted with SSE-C. Markers of directories, which have no content, are exempt.</summary>
public enum PlainObjects
{
    /// <summary>They are files like any other, and become encrypted when they are written.</summary>
    Read,

    /// <summary>Their names and sizes are shown; what needs or replaces their content is <see cref="FsError.PlainRefused"/>.</summary>
    Refuse,

    /// <summary>They do not appear. Their names cannot be taken either: nothing unseen is overwritten.</summary>
    Hide,
}
