using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace SseCFs.Keys;

/// <summary>
/// A key in a file that Windows' data protection API (DPAPI, CryptProtectData) has encrypted for one user: of use to nobody else, and on no other machine, unless the
/// user's profile roams.
/// </summary>
[SupportedOSPlatform("windows")]
public static class ProtectedFile
{
    /// <summary>What is to be written to the file.</summary>
    public static byte[] Protect(CustomerKey key) => ProtectedData.Protect(key.Bytes, DataProtectionScope.CurrentUser);

    /// <param name="path">Names the file in an error.</param>
    /// <exception cref="KeySourceException">Another user or another machine has protected it, or it holds no key.</exception>
    internal static CustomerKey Open(byte[] content, string path)
    {
        byte[] plain;
        try
        {
            plain = ProtectedData.Unprotect(content, DataProtectionScope.CurrentUser);
        }
        catch (CryptographicException failure)
        {
            throw new KeySourceException($"Windows does not open {path} for this user: only who made it can, on the machine that it was made on ({failure.Message})", failure);
        }
        try
        {
            return KeyFormat.Parse(plain, "dpapi:" + path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
