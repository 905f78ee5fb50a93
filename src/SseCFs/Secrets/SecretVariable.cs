using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SseCFs.Secrets;

/// <summary>Environment variables that hold secrets.</summary>
internal static unsafe partial class SecretVariable
{
    /// <summary>The bytes as the C library has them: .NET decodes them as UTF-8, and a secret need not be text. Not on Windows.</summary>
    /// <returns>False if it is not set.</returns>
    public static bool TryGet(string name, out Span<byte> bytes)
    {
        var raw = getenv(name);
        bytes = raw == null ? default : new Span<byte>(raw, MemoryMarshal.CreateReadOnlySpanFromNullTerminated(raw).Length);
        return raw != null;
    }

    /// <summary>Overwrites and removes it, so that neither /proc/PID/environ nor any process started later shows it.</summary>
    public static void Wipe(string name)
    {
        if (!OperatingSystem.IsWindows() && TryGet(name, out var bytes))
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
        Environment.SetEnvironmentVariable(name, null);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* getenv(string name);
}
