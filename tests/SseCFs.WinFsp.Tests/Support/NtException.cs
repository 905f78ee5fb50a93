namespace SseCFs.WinFsp.Tests.Support;

/// <summary>A request was refused.</summary>
internal sealed class NtException(int status, string request) : Exception($"{request}: status 0x{status:x}")
{
    public int Status { get; } = status;
}
