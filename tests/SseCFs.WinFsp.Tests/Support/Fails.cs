using SseCFs.WinFsp.Wire;

namespace SseCFs.Tests.Support;

internal static class Fails
{
    /// <summary>The operation must fail, and with the status that the reason has; that a path ends too early is one status, whatever is there.</summary>
    public static async Task With(FsError reason, Func<Task> operation)
    {
        var error = await Assert.ThrowsAsync<FsException>(operation);
        var isPath = error.Reason == FsError.NotFound && reason == FsError.NotDirectory;
        Assert.True(isPath || NtStatus.Of(error.Reason) == NtStatus.Of(reason), $"{reason} is due, not {error.Reason}: {error.Message}");
    }
}
