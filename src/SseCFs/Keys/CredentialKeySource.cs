namespace SseCFs.Keys;

/// <summary>A credential that systemd passes to a service (LoadCredential=, LoadCredentialEncrypted= of systemd.exec(5)): a file in a folder that only the service can read.</summary>
internal sealed class CredentialKeySource(string name) : KeySource
{
    private const string FolderVariable = "CREDENTIALS_DIRECTORY";

    public override string ToString() => "credential:" + name;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
        {
            throw new KeySourceException($"credential:{name}: the name of a credential has no slash");
        }
        var folder = Environment.GetEnvironmentVariable(FolderVariable)
            ?? throw new KeySourceException($"credential:{name}: {FolderVariable} is not set; systemd sets it for a service with LoadCredential={name}:/path/to/key");
        try
        {
            var file = new FileStream(Path.Combine(folder, name), new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous });
            await using (file.ConfigureAwait(false))
            {
                return await ReadAsync(file, null, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeySourceException($"systemd passed no credential '{name}': its unit needs LoadCredential={name}:/path/to/key", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new KeySourceException($"the credential '{name}' cannot be read: {failure.Message}", failure);
        }
    }
}
