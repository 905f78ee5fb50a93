namespace SseCFs.Keys;

/// <summary>A key cannot be had, or is none: one line for a person, which holds nothing of the key.</summary>
public sealed class KeySourceException(string message, Exception? cause = null) : Exception(message, cause);
