using SseCFs.Keys;
using SseCFs.Tool.CommandLine;

namespace SseCFs.Tool.Mounting;

/// <summary>Loads keys, with the command's exit code for what can go wrong.</summary>
internal static class KeyLoading
{
    /// <exception cref="ToolException">One cannot be had, or is no key.</exception>
    public static async ValueTask<KeyRing> LoadAsync(KeySettings settings, CancellationToken cancellation)
    {
        var options = new KeySourceOptions { Cloud = settings.Cloud, AllowPlainHttp = settings.AllowPlainHttp };
        var loaded = new List<CustomerKey>();
        try
        {
            foreach (var source in settings.Sources.Concat(settings.ForPrefixes.Select(one => one.Source)))
            {
                loaded.Add(await LoadAsync(source, options, cancellation).ConfigureAwait(false));
            }
        }
        catch
        {
            loaded.ForEach(key => key.Dispose());
            throw;
        }
        var writers = loaded.GetRange(0, settings.Sources.Count);
        return new KeyRing(writers, [.. settings.ForPrefixes.Zip(loaded.Skip(writers.Count), (one, key) => new PrefixKey(one.Prefix, key))]);
    }

    /// <exception cref="ToolException">It cannot be had, or is no key.</exception>
    public static async ValueTask<CustomerKey> LoadAsync(string source, KeySourceOptions options, CancellationToken cancellation)
    {
        try
        {
            return await KeySource.Parse(source, options).LoadAsync(cancellation).ConfigureAwait(false);
        }
        catch (KeySourceException wrong)
        {
            throw new ToolException(ExitCode.Key, wrong.Message, wrong);
        }
    }
}
