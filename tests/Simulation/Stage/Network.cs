namespace SseCFs.Simulation.Stage;

/// <summary>What happens to a request.</summary>
internal enum Fault
{
    None,

    /// <summary>It is not carried out, and its sender is told that the service cannot be reached.</summary>
    LoseRequest,

    /// <summary>It is carried out, and its sender is told the same.</summary>
    LoseReply,

    /// <summary>Its sender is told the same, and it is carried out some time later.</summary>
    Delay,

    /// <summary>Its sender's process ends before it is carried out.</summary>
    CrashBefore,

    /// <summary>Its sender's process ends after it was carried out.</summary>
    CrashAfter,
}

/// <summary>A request under way: parked until the run carries it out, then until the run lets the reply through.</summary>
internal sealed class Message(Process from, string text, long number, Func<Sender, object?> carryOut)
{
    private readonly TaskCompletionSource<object?> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private object? _answer;
    private Exception? _failure;

    public Process From => from;
    public string Text => text;
    public long Number => number;

    /// <summary>Carried out, and not answered yet.</summary>
    public bool IsCarriedOut { get; private set; }

    /// <summary>Nobody waits for the answer any more.</summary>
    public bool IsLate { get; private set; }

    public Task<object?> Reply => _reply.Task;

    public void CarryOut()
    {
        IsCarriedOut = true;
        try
        {
            _answer = carryOut(new Sender(from.Machine, IsLate));
        }
        catch (FsException e)
        {
            _failure = e;
        }
    }

    public void Answer()
    {
        if (_failure is not null)
        {
            _reply.TrySetException(_failure);
        }
        else
        {
            _reply.TrySetResult(_answer);
        }
    }

    public void Fail() => _reply.TrySetException(new FsException(FsError.Unavailable, $"no reply to {text}"));

    /// <summary>Whoever sent it waits no more; it goes on all the same.</summary>
    public void Abandon(CancellationToken cancellation)
    {
        IsLate = true;
        if (cancellation.IsCancellationRequested)
        {
            _reply.TrySetCanceled(cancellation);
        }
    }
}

/// <summary>Carries requests from the processes to the bucket, one step at a time and in an order that the run's seed decides.</summary>
internal sealed class Network(World world, Random random)
{
    private readonly List<Message> _messages = [];
    private readonly List<(int Machine, Fault Fault, int In)> _faults = [];
    private long _sent;

    /// <summary>Asked to end a process, between two of its requests.</summary>
    public Action<int> Crash { get; set; } = _ => { };

    /// <summary>Called with the machine of each request that is carried out or lost.</summary>
    public Action<int> Passed { get; set; } = _ => { };

    public bool HasOnlyLate => _messages.TrueForAll(message => message.IsLate);

    /// <summary>The nth request from now of a machine meets a fault.</summary>
    public void Plan(int machine, Fault fault, int nth) => _faults.Add((machine, fault, nth));

    public void Heal() => _faults.Clear();

    public async Task<T> SendAsync<T>(Process from, string kind, string key, Func<Sender, T> carryOut, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (from.IsDead)
        {
            throw new InvalidOperationException($"{kind} {key} by a process that has ended");
        }
        var message = new Message(from, $"{kind} {key}", ++_sent, sender => carryOut(sender));
        _messages.Add(message);
        using (cancellation.UnsafeRegister((_, token) => message.Abandon(token), null))
        {
            return (T)(await message.Reply.ConfigureAwait(false))!;
        }
    }

    /// <summary>One request is carried out, or one is answered.</summary>
    /// <returns>False: none is under way, but for some that are late.</returns>
    public bool Step(bool withLate)
    {
        _messages.RemoveAll(message => message.IsLate && message.IsCarriedOut);
        var ready = _messages.Where(message => !message.IsLate).ToList();
        var late = _messages.Where(message => message.IsLate).ToList();
        if (late.Count > 0 && (withLate || ready.Count > 0 && random.Next(8) == 0))
        {
            ready = late;
        }
        if (ready.Count == 0)
        {
            return false;
        }
        // In an order that does not depend on who came first within one step: what the pool does there may depend on hash codes.
        ready.Sort((a, b) => a.From.Machine != b.From.Machine ? a.From.Machine.CompareTo(b.From.Machine)
            : string.CompareOrdinal(a.Text, b.Text) is not 0 and var order ? order : a.Number.CompareTo(b.Number));
        var message = ready[random.Next(ready.Count)];
        if (message.IsLate)
        {
            _messages.Remove(message);
            world.Note($"late, m{message.From.Machine}: {message.Text}");
            message.CarryOut();
        }
        else if (message.IsCarriedOut)
        {
            _messages.Remove(message);
            message.Answer();
        }
        else
        {
            Pass(message);
        }
        return true;
    }

    /// <summary>The process is gone: of what it has under way, some is still carried out.</summary>
    public void EndProcess(Process process)
    {
        foreach (var message in _messages.Where(message => message.From == process).ToList())
        {
            if (message.IsCarriedOut || message.IsLate || random.Next(2) == 0)
            {
                if (!message.IsLate)
                {
                    _messages.Remove(message);
                }
            }
            else
            {
                message.Abandon(default);
            }
        }
    }

    private void Pass(Message message)
    {
        var machine = message.From.Machine;
        switch (NextFault(machine))
        {
            case Fault.LoseRequest:
                world.Note($"lost, m{machine}: {message.Text}");
                _messages.Remove(message);
                message.Fail();
                break;
            case Fault.LoseReply:
                world.Note($"reply lost, m{machine}: {message.Text}");
                message.CarryOut();
                _messages.Remove(message);
                message.Fail();
                break;
            case Fault.Delay:
                world.Note($"delayed, m{machine}: {message.Text}");
                message.Abandon(default);
                message.Fail();
                break;
            case Fault.CrashBefore:
                world.Note($"crash of m{machine} before {message.Text}");
                _messages.Remove(message);
                Crash(machine);
                break;
            case Fault.CrashAfter:
                world.Note($"crash of m{machine} after {message.Text}");
                message.CarryOut();
                Crash(machine);
                break;
            default:
                world.Note($"m{machine}: {message.Text}");
                message.CarryOut();
                if (random.Next(3) > 0)
                {
                    _messages.Remove(message);
                    message.Answer();
                }
                break;
        }
        Passed(machine);
    }

    private Fault NextFault(int machine)
    {
        var met = Fault.None;
        for (var i = _faults.Count - 1; i >= 0; i--)
        {
            var (of, fault, left) = _faults[i];
            if (of != machine)
            {
                continue;
            }
            _faults[i] = (of, fault, left - 1);
            if (left <= 1)
            {
                _faults.RemoveAt(i);
                met = fault;
            }
        }
        return met;
    }
}
