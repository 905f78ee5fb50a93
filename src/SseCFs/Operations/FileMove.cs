using SseCFs.Journal;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>The rename of one stored file. Changed by whoever holds the gates of its files.</summary>
/// <param name="OldVersion">The one that is copied.</param>
/// <param name="Replaced">The file that had the new name; null: none that was known.</param>
/// <param name="ReplacedETag">The version that the copy may replace; null: none.</param>
/// <param name="Sent">The attributes that the copy gets.</param>
internal sealed record FileMove(
    FileInode Source,
    DirectoryInode From,
    string OldName,
    string OldKey,
    StoredVersion OldVersion,
    DirectoryInode To,
    string NewName,
    string NewKey,
    FileInode? Replaced,
    string? ReplacedETag,
    SentAttributes Sent,
    WriteAttempt Attempt,
    RenameRecord Record)
{
    public FileInode? Replaced { get; set; } = Replaced;

    /// <summary>The copy stands under the new name.</summary>
    public bool IsCopied { get; set; }
}
