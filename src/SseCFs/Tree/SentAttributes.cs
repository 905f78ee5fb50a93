namespace SseCFs.Tree;

/// <summary>What a request to store attributes carries.</summary>
/// <param name="Patch">The change that went into <paramref name="Metadata"/>; null: none.</param>
internal readonly record struct SentAttributes(PosixMetadata Metadata, AttributePatch? Patch);
