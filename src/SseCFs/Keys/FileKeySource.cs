using SseCFs.Secrets;

namespace SseCFs.Keys;

/// <summary>A file that nobody but its owner can read or replace the content of.</summary>
internal sealed class FileKeySource(string path) : KeySource
{
    // Whoever loads it again may have gone to another directory.
    private readonly string _fullPath = Path.GetFullPath(path);

    public override string ToString() => "file:" + path;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        try
        {
            // Unbuffered: the key is then in our own memory alone. A pipe is fine, as in file:/dev/fd/3.
            var file = new FileStream(_fullPath, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous });
            await using (file.ConfigureAwait(false))
            {
                SecretFile.EnsureItsOwnersAlone(file.SafeFileHandle, path);
                return await ReadAsync(file, null, cancellation).ConfigureAwait(false);
            }
        }
        catch (InvalidDataException open)
        {
            throw new KeySourceException(open.Message, open);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeySourceException($"no key file {path}", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new KeySourceException($"the key file {path} cannot be read: {failure.Message}", failure);
        }
    }
}
