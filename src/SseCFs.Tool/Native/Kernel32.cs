using System.Runtime.InteropServices;

namespace SseCFs.Tool.Native;

/// <summary>The calls of Windows that the command needs and .NET does not offer.</summary>
internal static partial class Kernel32
{
    /// <summary>SEM_NOGPFAULTERRORBOX: no error reporting for this process.</summary>
    public const uint NoFaultErrorBox = 2;

    [LibraryImport("kernel32")]
    public static partial uint SetErrorMode(uint mode);
}
