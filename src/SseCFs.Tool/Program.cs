using System.Runtime.Versioning;
using SseCFs.Tool.CommandLine;

[assembly: SupportedOSPlatform("linux")]

return await Entry.RunAsync(ProgramName.Of(Environment.GetCommandLineArgs()), args).ConfigureAwait(false);
