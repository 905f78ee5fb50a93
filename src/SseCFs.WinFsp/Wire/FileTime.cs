namespace SseCFs.WinFsp.Wire;

/// <summary>Times as Windows counts them: ticks of 100 ns since 1601-01-01 UTC. 0 means "leave it" in requests, so that no file shows it.</summary>
internal static class FileTime
{
    private const long TicksPerSecond = 10_000_000;

    /// <summary>Seconds from 1601 to 1970.</summary>
    private const long Epoch = 11_644_473_600;

    /// <summary>Times before 1601 or after 30828 become the first or last that there is.</summary>
    public static ulong From(Timestamp time)
    {
        var seconds = time.Seconds + Epoch;
        return seconds < 0 ? 1
            : seconds > long.MaxValue / TicksPerSecond - 1 ? long.MaxValue
            : Math.Max(1, (ulong)(seconds * TicksPerSecond) + time.Nanoseconds / 100);
    }

    public static Timestamp To(ulong ticks) => new((long)(ticks / TicksPerSecond) - Epoch, (uint)(ticks % TicksPerSecond) * 100);

    /// <summary>Null for "leave it": 0, or all ones, with which a program stops the system from setting it for its handle.</summary>
    public static Timestamp? ToChange(ulong ticks) => ticks is 0 or ulong.MaxValue ? null : To(ticks);
}
