using Amazon.S3;
using SseCFs.Contract;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tool.CommandLine;

namespace SseCFs.Tool.Mounting;

/// <summary>From command-line settings to the store's.</summary>
internal static class ServiceConnection
{
    // A person waits for the first answer, and a wrong host name will not become right.
    private static readonly TimeSpan FirstAnswerWithin = TimeSpan.FromSeconds(5);

    /// <exception cref="ToolException">The proxy cannot be used.</exception>
    public static StoreOptions ToOptions(string bucket, ServiceSettings settings)
    {
        var options = new StoreOptions
        {
            Bucket = bucket,
            Endpoint = settings.Endpoint,
            Region = settings.Region,
            Profile = settings.Profile,
            CaFile = settings.CaFile,
            Proxy = settings.Proxy.Load(),
            AllowPlainHttp = settings.AllowPlainHttp,
        };
        return settings.RetryFor is { } time ? options with { RetryFor = time } : options;
    }

    /// <summary>The same for what a command asks while a person waits; --retry-for is obeyed where it is given.</summary>
    public static StoreOptions ForFirstAnswer(StoreOptions options, ServiceSettings settings) =>
        settings.RetryFor is null ? options with { RetryFor = FirstAnswerWithin } : options;

    /// <summary>Where the client's requests go, for messages.</summary>
    public static string NameOf(IAmazonS3 client) => client.Config.ServiceURL ?? $"AWS, region {client.Config.RegionEndpoint?.SystemName}";

    /// <summary>The first request to a service: a failure to reach it also says where it was looked for.</summary>
    public static async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> ask, string endpoint)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (FsException failure) when (failure.Reason == FsError.Unavailable)
        {
            throw new ToolException(ExitCode.Unreachable, $"{failure.Message} ({endpoint})", failure);
        }
    }

    /// <exception cref="ToolException">The settings do not fit together, or there are no credentials.</exception>
    public static AmazonS3Client Connect(StoreOptions options)
    {
        try
        {
            return S3ClientFactory.Create(options);
        }
        catch (StoreOptionsException wrong)
        {
            throw new ToolException(ExitCode.Usage, wrong.Message, wrong);
        }
    }
}
