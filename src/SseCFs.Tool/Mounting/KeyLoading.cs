using SseCFs.Keys;
using SseCFs.Tool.CommandLine;

namespace SseCFs.Tool.Mounting;

/// <summary>Loads the key, with the command's exit code for what can go wrong.</summary>
internal static class KeyLoading
{
    /// <exception cref="ToolException">It cannot be had, or is no key.</exception>
    public static async ValueTask<CustomerKey> LoadAsync(KeySettings settings, CancellationToken cancellation)
    {
        try
        {
            return await KeySource.Parse(settings.Source, ToOptions(settings)).LoadAsync(cancellation).ConfigureAwait(false);
        }
        catch (KeySourceException wrong)
        {
            throw new ToolException(ExitCode.Key, wrong.Message, wrong);
        }
    }

    public static KeySourceOptions ToOptions(KeySettings settings) => new() { Cloud = settings.Cloud, AllowPlainHttp = settings.AllowPlainHttp };
}
