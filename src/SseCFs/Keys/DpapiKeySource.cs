namespace SseCFs.Keys;

/// <summary>A file that Windows has encrypted for its user, as `ssecfs key new dpapi:FILE` makes it.</summary>
internal sealed class DpapiKeySource(string path) : KeySource
{
    // Whoever loads it again may have gone to another directory.
    private readonly string _fullPath = Path.GetFullPath(path);

    public override string ToString() => "dpapi:" + path;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        if (!OperatingSystem.IsWindows())
        {
            throw new KeySourceException($"dpapi:{path}: Windows protects such a key, and opens it on Windows only");
        }
        try
        {
            return ProtectedFile.Open(await File.ReadAllBytesAsync(_fullPath, cancellation).ConfigureAwait(false), path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new KeySourceException($"the key file {path} cannot be read: {failure.Message}", failure);
        }
    }
}
