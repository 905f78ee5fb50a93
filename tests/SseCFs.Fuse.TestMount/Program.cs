using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using SseCFs.Fuse;
using SseCFs.Fuse.TestMount;

[assembly: InternalsVisibleTo("SseCFs.Fuse.Tests")]

// A file system in memory, mounted until a line or the end comes on standard input: the child process of the tests
// with real mounts, since a process that uses its own mount can wait for itself.
// Arguments: DIR [ro] [noexec] [allow_other] [uid=N] [gid=N] [readers=N] [trace]
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: DIR [ro] [noexec] [allow_other] [uid=N] [gid=N] [readers=N] [trace]");
    return 2;
}
uint Number(string name) =>
    args.Where(arg => arg.StartsWith(name + "=", StringComparison.Ordinal))
        .Select(arg => uint.Parse(arg.AsSpan(name.Length + 1), CultureInfo.InvariantCulture))
        .LastOrDefault();

using var logging = LoggerFactory.Create(builder => builder
    .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
    .SetMinimumLevel(args.Contains("trace") ? LogLevel.Trace : LogLevel.Warning));
var options = new FuseMountOptions
{
    Source = "memory#test, with a comma",
    UnmountPatience = TimeSpan.FromSeconds(1),
    AllowOther = args.Contains("allow_other"),
    ReaderThreads = Number("readers") is > 0 and var readers ? (int)readers : 2,
    Flags = FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices
        | (args.Contains("ro") ? FuseMountFlags.ReadOnly : 0)
        | (args.Contains("noexec") ? FuseMountFlags.NoExecute : 0),
};
try
{
    var fileSystem = new MemoryFileSystem(Number("uid"), Number("gid"));
    await using var mount = await FuseMount.MountAsync(fileSystem, args[0], options, logging.CreateLogger("fuse"));
    Console.WriteLine("serving");
    await Task.WhenAny(mount.Completion, Task.Run(Console.ReadLine));
    Console.WriteLine(mount.Completion.IsCompleted ? "unmounted" : "stopping");
}
catch (FuseMountException exception)
{
    Console.WriteLine($"{exception.Reason}: {exception.Message}");
    return 1;
}
return 0;
