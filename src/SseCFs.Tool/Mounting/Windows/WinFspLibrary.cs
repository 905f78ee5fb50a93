using System.Diagnostics.CodeAnalysis;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using Microsoft.Win32;
using SseCFs.WinFsp;

namespace SseCFs.Tool.Mounting.Windows;

/// <summary>
/// WinFsp's .NET library, from where WinFsp is installed: so it is always of the version of the driver, which it insists on, and never ours to distribute. The key of the
/// registry is the one that the library itself looks at.
/// </summary>
[SupportedOSPlatform("windows")]
internal static class WinFspLibrary
{
    private const string Name = "winfsp-msil";
    private const string Key = @"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\WinFsp";

    /// <summary>To be called before anything of it is used.</summary>
    /// <exception cref="DriveMountException">WinFsp is not installed.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Windows' tool is not trimmed")]
    public static void Load()
    {
        if (Registry.GetValue(Key, "InstallDir", null) is not string folder || Path.Combine(folder, "bin", Name + ".dll") is var path && !File.Exists(path))
        {
            throw DriveMountException.WinFspMissing(null);
        }
        var library = AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        AssemblyLoadContext.Default.Resolving += (_, name) => name.Name == Name ? library : null;
    }
}
