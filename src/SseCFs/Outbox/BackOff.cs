namespace SseCFs.Outbox;

/// <summary>For how long a change that could not be stored waits: longer after each try.</summary>
internal static class BackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);

    /// <summary>While the service is away or busy.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>After a refusal, which only a person can take back: a policy, a quota, a key.</summary>
    private static readonly TimeSpan LongestAfterRefusal = TimeSpan.FromHours(1);

    /// <param name="tries">That failed, at least 1.</param>
    public static TimeSpan After(int tries, Exception failure) => After(tries, IsRefusal(failure) ? LongestAfterRefusal : Longest);

    /// <summary>The same of what waits for the service alone.</summary>
    public static TimeSpan WhileAway(int tries) => After(tries, Longest);

    private static TimeSpan After(int tries, TimeSpan longest)
    {
        var pause = First * Math.Pow(2, Math.Min(tries - 1, 20));
        return pause < longest ? pause : longest;
    }

    /// <summary>Whether the service has answered, and will not answer otherwise for some time.</summary>
    public static bool IsRefusal(Exception failure) => failure is FsException { Reason: not (FsError.Unavailable or FsError.Interrupted or FsError.Stale or FsError.Conflict) };
}
