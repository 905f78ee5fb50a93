using System.Globalization;

namespace SseCFs.Fuse.Session;

/// <summary>
/// Why Linux interrupts a request: any signal makes it do so, also those that a program never sees (SIGSTOP and SIGCONT, as Ctrl-Z sends them) and those after which
/// it expects its call to go on (a timer's SIGALRM, Go's SIGURG). On a disk such calls are not disturbed, and few programs are ready for a close(2) that is. So
/// /proc/TID/status tells what is pending (proc_pid_status(5)).
/// </summary>
internal static class PendingSignals
{
    private const int HangUp = 1, Interrupt = 2, Quit = 3, Terminate = 15, Child = 17, Continue = 18, Stop = 19, TerminalStop = 20, TerminalInput = 21, TerminalOutput = 22,
        Urgent = 23, WindowChange = 28;

    /// <summary>By default they do not end a program.</summary>
    private static readonly ulong Harmless = MaskOf(Child, Continue, Stop, TerminalStop, TerminalInput, TerminalOutput, Urgent, WindowChange);

    /// <summary>People send them to end what a program does; one that catches them wants to know at once.</summary>
    private static readonly ulong Ending = MaskOf(HangUp, Interrupt, Quit, Terminate);

    /// <summary>Whether a thread is to be let go: it, or what it is doing, is about to end. True also if that cannot be told.</summary>
    public static bool MeanInterruption(uint thread)
    {
        try
        {
            return MeanInterruption(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/status")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    internal static bool MeanInterruption(IEnumerable<string> status)
    {
        ulong pending = 0, blocked = 0, ignored = 0, caught = 0;
        foreach (var line in status)
        {
            switch (line.Split(':', 2))
            {
                case ["SigPnd" or "ShdPnd", var mask]:
                    pending |= Parse(mask);
                    break;
                case ["SigBlk", var mask]:
                    blocked = Parse(mask);
                    break;
                case ["SigIgn", var mask]:
                    ignored = Parse(mask);
                    break;
                case ["SigCgt", var mask]:
                    caught = Parse(mask);
                    break;
            }
        }
        var delivered = pending & ~blocked & ~ignored;
        return (delivered & ~caught & ~Harmless) != 0 || (delivered & caught & Ending) != 0;
    }

    private static ulong Parse(string mask) => ulong.Parse(mask.AsSpan().Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static ulong MaskOf(params ReadOnlySpan<int> signals)
    {
        ulong mask = 0;
        foreach (var signal in signals)
        {
            mask |= 1UL << (signal - 1);
        }
        return mask;
    }
}
