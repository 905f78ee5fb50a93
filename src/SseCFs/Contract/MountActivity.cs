namespace SseCFs.Contract;

/// <summary>Two writers changed one file, and both versions are stored.</summary>
/// <param name="Key">Where one of them is.</param>
/// <param name="ConflictKey">Where the other one is.</param>
/// <param name="IsOurs">The other one is what was written by this mount.</param>
public sealed record Conflict(DateTimeOffset At, string Key, string ConflictKey, bool IsOurs);

/// <summary>How far the rename of a directory is. Objects: 0 as long as they are being listed.</summary>
public sealed record RenameProgress(string From, string To, int Objects, int Copied);
