using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using SseCFs.WinFsp.Security;

namespace SseCFs.Tool.Mounting.Windows;

/// <summary>Users and rights as Windows names them.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsSecurity
{
    /// <summary>The user who mounts, and the numbers that stand for that user; null: any.</summary>
    public static Owners Owners(uint? uid, uint? gid)
    {
        using var identity = WindowsIdentity.GetCurrent();
        var user = identity.User!;
        var binary = new byte[user.BinaryLength];
        user.GetBinaryForm(binary, 0);
        return new Owners(binary, uid, gid);
    }

    /// <exception cref="ToolException">It is no security descriptor.</exception>
    public static byte[] Parse(string sddl)
    {
        try
        {
            var descriptor = new RawSecurityDescriptor(sddl);
            var binary = new byte[descriptor.BinaryLength];
            descriptor.GetBinaryForm(binary, 0);
            return binary;
        }
        catch (ArgumentException wrong)
        {
            throw new ToolException(ExitCode.Usage, $"--sddl: '{sddl}' is no security descriptor, such as O:BAG:BUD:P(A;;FA;;;OW): {wrong.Message}", wrong);
        }
    }
}
