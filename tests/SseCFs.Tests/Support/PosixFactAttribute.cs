using System.Runtime.CompilerServices;

namespace SseCFs.Tests.Support;

/// <summary>Says what POSIX promises and Windows does not.</summary>
internal sealed class PosixFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : FactAttribute(file, line);
