namespace SseCFs.Tests.Support;

internal static class Fails
{
    /// <summary>The operation must fail, and for this reason.</summary>
    public static async Task With(FsError reason, Func<Task> operation)
    {
        var error = await Assert.ThrowsAsync<FsException>(operation);
        Assert.Equal((reason, error.Message), (error.Reason, error.Message));
    }
}
