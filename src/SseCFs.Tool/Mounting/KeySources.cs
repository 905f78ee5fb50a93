using SseCFs.Keys;
using SseCFs.Tool.CommandLine;

namespace SseCFs.Tool.Mounting;

/// <summary>The sources of a ring, which can be asked more than once, with the command's exit code for what can go wrong. Paths in them are those of the directory in which this was made.</summary>
internal sealed class KeySources
{
    private readonly KeySettings _settings;
    private readonly IReadOnlyList<KeySource> _sources;

    /// <exception cref="ToolException">One is not written as sources are, or the proxy cannot be used.</exception>
    public KeySources(KeySettings settings)
    {
        _settings = settings;
        var options = new KeySourceOptions { Cloud = settings.Cloud, Proxy = settings.Proxy.Load(), AllowPlainHttp = settings.AllowPlainHttp };
        _sources = [.. settings.Sources.Concat(settings.ForPrefixes.Select(one => one.Source)).Select(source => Parse(source, options))];
    }

    /// <exception cref="ToolException">One cannot be had, or is no key.</exception>
    public async ValueTask<KeyRing> LoadAsync(CancellationToken cancellation)
    {
        var loaded = new List<CustomerKey>();
        try
        {
            foreach (var source in _sources)
            {
                loaded.Add(await LoadAsync(source, cancellation).ConfigureAwait(false));
            }
        }
        catch
        {
            loaded.ForEach(key => key.Dispose());
            throw;
        }
        var writers = loaded.GetRange(0, _settings.Sources.Count);
        return new KeyRing(writers, [.. _settings.ForPrefixes.Zip(loaded.Skip(writers.Count), (one, key) => new PrefixKey(one.Prefix, key))]);
    }

    /// <exception cref="ToolException">It cannot be had, or is no key.</exception>
    public static ValueTask<CustomerKey> LoadAsync(string source, KeySourceOptions options, CancellationToken cancellation) => LoadAsync(Parse(source, options), cancellation);

    private static KeySource Parse(string source, KeySourceOptions options)
    {
        try
        {
            return KeySource.Parse(source, options);
        }
        catch (KeySourceException wrong)
        {
            throw new ToolException(ExitCode.Key, wrong.Message, wrong);
        }
    }

    private static async ValueTask<CustomerKey> LoadAsync(KeySource source, CancellationToken cancellation)
    {
        try
        {
            return await source.LoadAsync(cancellation).ConfigureAwait(false);
        }
        catch (KeySourceException wrong)
        {
            throw new ToolException(ExitCode.Key, wrong.Message, wrong);
        }
    }
}
