using Microsoft.Extensions.Logging;

namespace SseCFs.LocalStore;

/// <summary>The store's messages. Never a key, a signature or a header.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{Path} is not a stored object and is left alone: {Reason}")]
    public static partial void NotAnObject(ILogger logger, string path, string reason);

    [LoggerMessage(2, LogLevel.Information, "Serving {Directory} as {Dialect} on {Address}")]
    public static partial void Serving(ILogger logger, string directory, string dialect, string address);

    [LoggerMessage(3, LogLevel.Error, "{Operation} failed")]
    public static partial void RequestFailed(ILogger logger, Operation operation, Exception exception);

    [LoggerMessage(4, LogLevel.Debug, "Fault {Fault} strikes {Operation}")]
    public static partial void FaultStrikes(ILogger logger, string fault, Operation operation);
}
