using SseCFs.Simulation.Checks;
using SseCFs.Simulation.Programs;
using SseCFs.Simulation.Stage;
using SseCFs.Store;

namespace SseCFs.Simulation.Running;

/// <summary>What came of a run.</summary>
/// <param name="Hash">Of all that happened, in its order.</param>
internal sealed record Report(ulong Hash, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes);

/// <summary>Does what a plan says, then heals everything, lets every machine store what it has, and looks at the bucket.</summary>
internal sealed class Run : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    private readonly Plan _plan;
    private readonly World _world;
    private readonly Random _random;
    private readonly string _disk;
    private readonly List<Operation> _history = [];
    private readonly List<(Task Task, int Machine)> _running = [];
    private readonly List<(CancellationTokenSource Source, int Machine, int In)> _cancellations = [];
    private readonly Dictionary<int, CancellationTokenSource> _lastProgram = [];
    private readonly List<Finding> _findings = [];
    private readonly Machine[] _machines;

    private Run(Plan plan, Sabotage sabotage, bool keepsNotes)
    {
        _plan = plan;
        _random = new Random(plan.Seed);
        _world = new World(plan.Service, _random, sabotage, keepsNotes);
        _world.Network.Crash = Crash;
        _world.Network.Passed = CountDown;
        _disk = Directory.CreateTempSubdirectory("ssecfs-simulation-").FullName;
        _machines = [.. plan.WriteBack.Select((isWriteBack, i) => new Machine(_world, i, isWriteBack, _disk, _history))];
    }

    public static async Task<Report> DoAsync(Plan plan, Sabotage sabotage = Sabotage.None, bool keepsNotes = false)
    {
        using var run = new Run(plan, sabotage, keepsNotes);
        try
        {
            await run.RunAsync().ConfigureAwait(false);
        }
        catch (HangException e)
        {
            run._findings.Add(new Finding(FindingKind.Hang, Cause.None, e.Message));
        }
        catch (Exception e) when (e is not FsException and not OperationCanceledException)
        {
            run._findings.Add(new Finding(FindingKind.Unexpected, Cause.None, e.ToString()));
        }
        return new Report(run._world.Hash, run._findings, run._world.Notes);
    }

    public void Dispose() => Directory.Delete(_disk, recursive: true);

    private async Task RunAsync()
    {
        foreach (var machine in _machines)
        {
            await MountAsync(machine).ConfigureAwait(false);
        }
        foreach (var step in _plan.Steps)
        {
            await Pool.IdleAsync();
            _world.Note($"> {step}");
            if (step.Machine < _machines.Length)
            {
                await DoAsync(step, _machines[step.Machine]).ConfigureAwait(false);
            }
            await PumpAsync(step.Events).ConfigureAwait(false);
        }
        await EndAsync().ConfigureAwait(false);
        _findings.AddRange(await CheckAsync().ConfigureAwait(false));
    }

    private async Task DoAsync(Step step, Machine machine)
    {
        var (kind, number, path, to, slot, count, _) = step;
        switch (kind)
        {
            case StepKind.ForeignPut:
                PutForeign(path, count, new ObjectMetadata(new Dictionary<string, string>(), null));
                return;
            case StepKind.ForeignReplace:
                // As programs do that carry metadata along that they do not know.
                if (_world.Bucket.Objects.TryGetValue(path, out var there))
                {
                    PutForeign(path, Math.Max(1, there.Data.Length / Tagged.RecordSize), there.Metadata);
                }
                return;
            case StepKind.ForeignDelete:
                _world.Bucket.Remove(new Sender(World.Foreign, false), path, null);
                return;
            case StepKind.Pass:
                await PassAsync(TimeSpan.FromSeconds(count)).ConfigureAwait(false);
                return;
            case StepKind.KeepJournal:
                machine.KeepJournal();
                return;
            case StepKind.LoseRequest or StepKind.LoseReply or StepKind.Delay or StepKind.CrashBefore or StepKind.CrashAfter:
                _world.Network.Plan(number, Enum.Parse<Fault>(kind.ToString()), count);
                return;
            case StepKind.Outage:
                for (var i = 1; i <= count; i++)
                {
                    _world.Network.Plan(number, Fault.LoseRequest, i);
                }
                return;
            case StepKind.Cancel:
                if (_lastProgram.GetValueOrDefault(number) is { } source)
                {
                    _cancellations.Add((source, number, count));
                }
                return;
            case StepKind.Crash:
                Crash(number);
                return;
            case StepKind.PutJournalBack:
                Crash(number);
                machine.PutJournalBack();
                return;
        }
        if (!machine.IsMounted)
        {
            await MountAsync(machine).ConfigureAwait(false);
        }
        if (kind == StepKind.Remount)
        {
            await SettleAsync().ConfigureAwait(false);
            if (!machine.IsMounted)
            {
                return;
            }
            _running.Add((machine.UnmountAsync(), machine.Number));
            await SettleAsync().ConfigureAwait(false);
            return;
        }
        if (machine.IsMounted)
        {
            Start(step, machine);
        }
    }

    private void Start(Step step, Machine machine)
    {
        var (_, number, path, to, slot, count, _) = step;
        var source = new CancellationTokenSource();
        _lastProgram[number] = source;
        var token = source.Token;
        var session = machine.Sessions.GetValueOrDefault(slot);
        Func<Task>? program = step.Kind switch
        {
            StepKind.Save => () => SaveAsync(machine, path, count, OpenFlags.Truncate, token),
            StepKind.Claim => () => SaveAsync(machine, path, count, OpenFlags.Exclusive, token),
            StepKind.Append => () => ChangeAsync(machine, path, -1, count, token),
            StepKind.Overwrite => () => ChangeAsync(machine, path, slot, count, token),
            StepKind.Replace => () => ReplaceAsync(machine, path, count, token),
            StepKind.Read => () => ReadAsync(machine, path, token),
            StepKind.Truncate => () => machine.TruncateAsync(path, slot, token),
            StepKind.Rename => () => machine.RenameAsync(path, to, token),
            StepKind.Unlink => () => machine.UnlinkAsync(path, token),
            StepKind.MakeDirectory => () => machine.MakeDirectoryAsync(path, token),
            StepKind.RemoveDirectory => () => machine.RemoveDirectoryAsync(path, token),
            StepKind.ChangeMode => () => machine.ChangeModeAsync(path, token),
            StepKind.ChangeTime => () => machine.ChangeTimeAsync(path, token),
            StepKind.SetAttribute => () => machine.SetAttributeAsync(path, token),
            StepKind.List => () => machine.ListAsync(path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "", token),
            StepKind.Open when session is null => () => OpenAsync(machine, path, slot, creates: count > 1, token),
            _ when session is null || session.IsBusy => null,
            StepKind.WriteOpen => () => UseAsync(session, machine.WriteAsync(session, count - 1, count, token)),
            StepKind.AppendOpen => () => UseAsync(session, machine.WriteAsync(session, -1, count, token)),
            StepKind.ReadOpen => () => UseAsync(session, machine.ReadAsync(session, token)),
            StepKind.SyncOpen => () => UseAsync(session, machine.SyncAsync(session, token)),
            StepKind.TruncateOpen => () => UseAsync(session, machine.TruncateAsync(session, count - 1, token)),
            StepKind.Close => () => CloseAsync(machine, slot, session, token),
            _ => null,
        };
        if (program is not null)
        {
            _running.Add((Task.Run(program, CancellationToken.None), number));
        }
    }

    private static async Task SaveAsync(Machine machine, string path, int count, OpenFlags how, CancellationToken token)
    {
        if (await machine.OpenAsync(path, OpenFlags.Write | how, creates: true, token).ConfigureAwait(false) is { } session)
        {
            for (var i = 0; i < count; i++)
            {
                await machine.WriteAsync(session, i, 1, token).ConfigureAwait(false);
            }
            await machine.CloseAsync(session, token).ConfigureAwait(false);
        }
    }

    private static async Task ChangeAsync(Machine machine, string path, int offset, int count, CancellationToken token)
    {
        if (await machine.OpenAsync(path, OpenFlags.Read | OpenFlags.Write, creates: false, token).ConfigureAwait(false) is { } session)
        {
            await machine.WriteAsync(session, offset, count, token).ConfigureAwait(false);
            await machine.CloseAsync(session, token).ConfigureAwait(false);
        }
    }

    /// <summary>As editors save: a new file takes the place of the old one.</summary>
    private static async Task ReplaceAsync(Machine machine, string path, int count, CancellationToken token)
    {
        var temporary = path + ".new";
        await SaveAsync(machine, temporary, count, OpenFlags.Truncate, token).ConfigureAwait(false);
        await machine.RenameAsync(temporary, path, token).ConfigureAwait(false);
    }

    private static async Task ReadAsync(Machine machine, string path, CancellationToken token)
    {
        if (await machine.OpenAsync(path, OpenFlags.Read, creates: false, token).ConfigureAwait(false) is { } session)
        {
            await machine.ReadAsync(session, token).ConfigureAwait(false);
            await machine.CloseAsync(session, token).ConfigureAwait(false);
        }
    }

    private static async Task OpenAsync(Machine machine, string path, int slot, bool creates, CancellationToken token)
    {
        if (await machine.OpenAsync(path, OpenFlags.Read | OpenFlags.Write, creates, token).ConfigureAwait(false) is { } session && !machine.Sessions.TryAdd(slot, session))
        {
            await machine.CloseAsync(session, token).ConfigureAwait(false);
        }
    }

    private static async Task UseAsync(Session session, Task call)
    {
        session.IsBusy = true;
        await call.ConfigureAwait(false);
        session.IsBusy = false;
    }

    private static Task CloseAsync(Machine machine, int slot, Session session, CancellationToken token)
    {
        machine.Sessions.Remove(slot);
        return machine.CloseAsync(session, token);
    }

    private void PutForeign(string path, int records, ObjectMetadata metadata)
    {
        var tag = _world.NewTag();
        _world.Bucket.Store(new Sender(World.Foreign, false), path, Tagged.Of(tag, records), metadata, default);
    }

    private void Crash(int number)
    {
        var machine = _machines[number];
        _running.RemoveAll(running => running.Machine == number);
        _lastProgram.Remove(number);
        machine.Crash();
    }

    private void CountDown(int machine)
    {
        for (var i = _cancellations.Count - 1; i >= 0; i--)
        {
            var (source, of, left) = _cancellations[i];
            if (of != machine)
            {
                continue;
            }
            _cancellations[i] = (source, of, left - 1);
            if (left <= 1)
            {
                _cancellations.RemoveAt(i);
                source.Cancel();
            }
        }
    }

    private async Task MountAsync(Machine machine)
    {
        for (var tries = 0; !machine.IsMounted && tries < 5; tries++)
        {
            _running.Add((machine.MountAsync(), machine.Number));
            await SettleAsync().ConfigureAwait(false);
            if (!machine.IsMounted)
            {
                // It was killed in the middle, or the service was away: the next process begins with what is there.
                machine.Crash();
            }
        }
    }

    private Task SettleAsync() => PumpAsync(-1);

    /// <summary>Lets requests and replies pass.</summary>
    /// <param name="events">How many; -1: until no program runs and nothing is under way.</param>
    private async Task PumpAsync(int events)
    {
        var waited = TimeSpan.Zero;
        for (var i = 0; events < 0 || i < events; i++)
        {
            await Pool.IdleAsync();
            _running.RemoveAll(running => running.Task.IsCompleted);
            if (_world.Network.Step(withLate: false))
            {
                waited = TimeSpan.Zero;
                _world.Time.Advance(TimeSpan.FromMilliseconds(1 + _random.Next(5)));
                continue;
            }
            if (_running.Count == 0 && _world.Network.HasOnlyLate)
            {
                return;
            }
            // Somebody waits for time to pass.
            if (waited > LongestWait)
            {
                throw new HangException($"nothing happened for {LongestWait}, and these have not ended: {string.Join("; ", _history.Where(one => !one.IsOver))}");
            }
            var next = _world.Time.UntilNext ?? LongestWait;
            waited += next + TimeSpan.FromMilliseconds(1);
            _world.Time.Advance(next);
        }
    }

    private async Task PassAsync(TimeSpan span)
    {
        var end = _world.Time.Now + span;
        while (_world.Time.Now < end)
        {
            await Pool.IdleAsync();
            if (!_world.Network.Step(withLate: false))
            {
                _world.Time.Advance(TimeSpan.FromTicks(Math.Min((end - _world.Time.Now).Ticks, TimeSpan.TicksPerMillisecond * 200)));
            }
        }
    }

    private async Task EndAsync()
    {
        _world.Note("> the end: everything heals");
        _world.Network.Heal();
        _cancellations.Clear();
        await SettleAsync().ConfigureAwait(false);
        while (!_world.Network.HasOnlyLate || _world.Network.Step(withLate: true))
        {
            await SettleAsync().ConfigureAwait(false);
        }
        // Twice: what the first process could only note, the second one does.
        for (var round = 0; round < 2; round++)
        {
            foreach (var machine in _machines)
            {
                await MountAsync(machine).ConfigureAwait(false);
                if (!machine.IsMounted)
                {
                    _findings.Add(new Finding(FindingKind.NotSettled, Cause.None, $"m{machine.Number} cannot be mounted: {_history.Last(one => one.Kind == OperationKind.Mount)}"));
                    continue;
                }
                await PassAsync(TimeSpan.FromSeconds(12)).ConfigureAwait(false);
                _running.Add((machine.UnmountAsync(), machine.Number));
                await SettleAsync().ConfigureAwait(false);
                if (round > 0 && machine.Unsaved.Count > 0)
                {
                    _findings.Add(new Finding(FindingKind.NotSettled, Cause.None, $"m{machine.Number} does not store {string.Join(", ", machine.Unsaved)}"));
                }
            }
        }
    }

    private async Task<IReadOnlyList<Finding>> CheckAsync()
    {
        var looker = new Machine(_world, _machines.Length, false, _disk, []);
        await MountAsync(looker).ConfigureAwait(false);
        var attributes = new Dictionary<string, (uint Mode, long Modified, long Tag)>();
        var looking = LookAsync();
        _running.Add((looking, looker.Number));
        await SettleAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
        _running.Add((looker.UnmountAsync(), looker.Number));
        await SettleAsync().ConfigureAwait(false);
        return new Checker(_world, _history, _machines, attributes).Check();

        async Task LookAsync()
        {
            foreach (var path in _history.Where(one => one.Kind is OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute).Select(one => one.Path).Distinct().ToList())
            {
                if (await looker.InspectAsync(path).ConfigureAwait(false) is { } found)
                {
                    attributes[path] = found;
                }
            }
        }
    }

    private sealed class HangException(string message) : Exception(message);
}
