using System.CommandLine;
using System.CommandLine.Invocation;

namespace SseCFs.Tool.CommandLine;

/// <summary>
/// --version. On Windows with the line that WinFsp's exception for free software asks of programs that use it (its License.txt).
/// </summary>
internal sealed class VersionNotice(SynchronousCommandLineAction version) : SynchronousCommandLineAction
{
    public const string WinFsp = "WinFsp - Windows File System Proxy, Copyright (C) Bill Zissimopoulos, https://github.com/winfsp/winfsp";

    public static VersionOption Option()
    {
        var option = new VersionOption();
        if (OperatingSystem.IsWindows())
        {
            option.Action = new VersionNotice((SynchronousCommandLineAction)option.Action!);
        }
        return option;
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = version.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output.WriteLine(WinFsp);
        return code;
    }
}
