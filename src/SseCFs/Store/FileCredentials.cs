using Amazon.Runtime;

namespace SseCFs.Store;

/// <summary>Credentials from the AWS files, read again once a file has changed: who rotates them need not mount again. Thread-safe.</summary>
/// <param name="read">Reads them from the files.</param>
/// <param name="files">Missing ones count as unchanged.</param>
internal sealed class FileCredentials(Func<AWSCredentials> read, IReadOnlyList<string> files, TimeProvider clock) : AWSCredentials
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private AWSCredentials _current = read();
    private string _stamp = StampOf(files);
    private long _lookedAt = clock.GetTimestamp();

    /// <summary>The AWS tools' own places, unless their variables name others.</summary>
    public static IReadOnlyList<string> DefaultFiles()
    {
        var folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws");
        return
        [
            Environment.GetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(folder, "credentials"),
            Environment.GetEnvironmentVariable("AWS_CONFIG_FILE") ?? Path.Combine(folder, "config"),
        ];
    }

    public override ImmutableCredentials GetCredentials() => Current().GetCredentials();

    public override Task<ImmutableCredentials> GetCredentialsAsync() => Current().GetCredentialsAsync();

    private AWSCredentials Current()
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_lookedAt) < LookEvery)
            {
                return _current;
            }
            _lookedAt = clock.GetTimestamp();
            var stamp = StampOf(files);
            if (stamp != _stamp)
            {
                try
                {
                    _current = read();
                    _stamp = stamp;
                }
                catch (Exception e) when (e is AmazonClientException or InvalidOperationException or IOException or UnauthorizedAccessException)
                {
                    // Half written, perhaps: the old ones serve until the next look.
                }
            }
            return _current;
        }
    }

    private static string StampOf(IReadOnlyList<string> files) => string.Join('|', files.Select(path =>
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks}-{file.Length}" : "";
    }));
}
