using SseCFs.Keys;

namespace SseCFs.Tool.Mounting;

/// <summary>Loads the key, with the command's exit code for what can go wrong.</summary>
internal static class KeyLoading
{
    /// <exception cref="ToolException">It cannot be had, or is no key.</exception>
    public static async ValueTask<CustomerKey> LoadAsync(string source, CancellationToken cancellation)
    {
        try
        {
            return await KeySource.Parse(source).LoadAsync(cancellation).ConfigureAwait(false);
        }
        catch (KeySourceException wrong)
        {
            throw new ToolException(ExitCode.Key, wrong.Message, wrong);
        }
    }
}
