using SseCFs.Tool.Native;

namespace SseCFs.Tool.Background;

/// <summary>Keeps the memory of a process that holds keys from leaving it.</summary>
internal static class MemoryProtection
{
    /// <summary>
    /// No core dumps, and no other process of the user can attach or read /proc/PID/mem (PR_SET_DUMPABLE in prctl(2)). A core_pattern that
    /// pipes to a program ignores the limit, but not the flag. To be called before the key is loaded; children that are executed do not inherit the flag.
    /// </summary>
    public static unsafe void Apply()
    {
        if (OperatingSystem.IsWindows())
        {
            // Error reporting writes no dump of a process that handles its own errors; what an administrator sets up beyond that is not to be refused.
            _ = Kernel32.SetErrorMode(Kernel32.NoFaultErrorBox);
            return;
        }
        var none = new Libc.ResourceLimit { Current = 0, Maximum = 0 };
        if (Libc.setrlimit(Libc.RLIMIT_CORE, &none) != 0 || Libc.prctl(Libc.PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        {
            throw new ToolException(ExitCode.Failed, "core dumps, in which the key would be, cannot be turned off");
        }
    }
}
