using SseCFs.Tool.CommandLine;

return await Entry.RunAsync(ProgramName.Of(Environment.GetCommandLineArgs()), args).ConfigureAwait(false);
