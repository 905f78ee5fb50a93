using SseCFs.Fuse.Session;

namespace SseCFs.Fuse.Tests.Session;

public sealed class PendingSignalsTests
{
    private const ulong Int = 1 << 1, Kill = 1 << 8, Alarm = 1 << 13, Term = 1 << 14, Continue = 1 << 17, Stop = 1 << 18, TerminalStop = 1 << 19, Urgent = 1 << 22;

    [Theory]
    [InlineData("nothing", 0ul, 0ul, 0ul, 0ul, 0ul, false)]
    [InlineData("killed", Kill, 0ul, 0ul, 0ul, 0ul, true)]
    [InlineData("Ctrl-C that ends it", 0ul, Int, 0ul, 0ul, 0ul, true)]
    [InlineData("Ctrl-C that it catches", 0ul, Int, 0ul, 0ul, Int, true)]
    [InlineData("Ctrl-C that it ignores", 0ul, Int, 0ul, Int, 0ul, false)]
    [InlineData("Ctrl-C that it blocks", 0ul, Int, Int, 0ul, Int, false)]
    [InlineData("an alarm that ends it", 0ul, Alarm, 0ul, 0ul, 0ul, true)]
    [InlineData("an alarm that it catches", 0ul, Alarm, 0ul, 0ul, Alarm, false)]
    [InlineData("Go's preemption", Urgent, 0ul, 0ul, 0ul, Urgent, false)]
    [InlineData("Ctrl-Z and fg", 0ul, Stop | TerminalStop | Continue, 0ul, 0ul, 0ul, false)]
    [InlineData("an alarm, then terminated", Alarm, Term, 0ul, 0ul, Alarm | Term, true)]
    public void What_is_pending_tells_whether_a_call_is_to_end(string what, ulong own, ulong shared, ulong blocked, ulong ignored, ulong caught, bool isMeant)
    {
        string[] status =
        [
            "Name:\tprogram: 1", "SigQ:\t1/95783", $"SigPnd:\t{own:x16}", $"ShdPnd:\t{shared:x16}", $"SigBlk:\t{blocked:x16}", $"SigIgn:\t{ignored:x16}", $"SigCgt:\t{caught:x16}",
        ];
        Assert.True(isMeant == PendingSignals.MeanInterruption(status), what);
    }

    [Fact]
    public void A_thread_that_waits_without_a_signal_is_left_alone()
    {
        Assert.False(PendingSignals.MeanInterruption((uint)Environment.ProcessId));
        Assert.True(PendingSignals.MeanInterruption(uint.MaxValue));
    }
}
