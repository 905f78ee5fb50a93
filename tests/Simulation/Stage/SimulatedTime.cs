namespace SseCFs.Simulation.Stage;

/// <summary>The one clock of a run. It moves only when it is told to; timers fire on the thread that moves it, in the order in which they are due.</summary>
internal sealed class SimulatedTime(DateTimeOffset start)
{
    private readonly PriorityQueue<Timer, (long Due, long Number)> _timers = new();
    private long _ticks;
    private long _number;

    public DateTimeOffset Now => start.AddTicks(_ticks);

    /// <summary>Until the next timer is due; null: there is none.</summary>
    public TimeSpan? UntilNext
    {
        get
        {
            DropDead();
            return _timers.TryPeek(out _, out var next) ? TimeSpan.FromTicks(Math.Max(0, next.Due - _ticks)) : null;
        }
    }

    public void Advance(TimeSpan span)
    {
        var end = _ticks + span.Ticks;
        for (; ; )
        {
            DropDead();
            if (!_timers.TryPeek(out var timer, out var next) || next.Due > end)
            {
                break;
            }
            _timers.Dequeue();
            _ticks = Math.Max(_ticks, next.Due);
            timer.Fire();
        }
        _ticks = end;
    }

    /// <summary>The clock as one process sees it: its timers end with the process.</summary>
    public TimeProvider Of(Func<bool> isAlive) => new ProcessTime(this, isAlive);

    private void DropDead()
    {
        while (_timers.TryPeek(out var timer, out var next) && !timer.IsDueAt(next.Due))
        {
            _timers.Dequeue();
        }
    }

    private sealed class ProcessTime(SimulatedTime time, Func<bool> isAlive) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => time.Now;

        public override long GetTimestamp() => time._ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(time, isAlive, () => callback(state));
            timer.Change(dueTime, period);
            return timer;
        }
    }

    private sealed class Timer(SimulatedTime time, Func<bool> isAlive, Action callback) : ITimer
    {
        private long _due = long.MaxValue;
        private TimeSpan _period;

        public bool IsDueAt(long due) => due == _due && isAlive();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            _due = dueTime < TimeSpan.Zero ? long.MaxValue : time._ticks + dueTime.Ticks;
            Enqueue();
            return true;
        }

        public void Fire()
        {
            _due = _period > TimeSpan.Zero ? time._ticks + _period.Ticks : long.MaxValue;
            Enqueue();
            callback();
        }

        public void Dispose() => _due = long.MaxValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Enqueue()
        {
            if (_due != long.MaxValue)
            {
                time._timers.Enqueue(this, (_due, ++time._number));
            }
        }
    }
}
