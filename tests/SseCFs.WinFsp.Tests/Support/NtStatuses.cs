namespace SseCFs.WinFsp.Tests.Support;

/// <summary>What the driver and NT answer by themselves, and WinFsp's library has no name for (ntstatus.h).</summary>
internal static class NtStatuses
{
    public const int NoMoreFiles = unchecked((int)0x80000006);
    public const int NoSuchFile = unchecked((int)0xC000000F);
    public const int SharingViolation = unchecked((int)0xC0000043);
    public const int NoEasOnFile = unchecked((int)0xC0000052);
    public const int DeletePending = unchecked((int)0xC0000056);
    public const int ReparsePointNotResolved = unchecked((int)0xC0000280);
}
