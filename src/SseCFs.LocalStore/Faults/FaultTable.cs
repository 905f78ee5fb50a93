using Microsoft.Extensions.Logging;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Faults;

/// <summary>The faults in force, and how often each may still strike. Thread-safe.</summary>
internal sealed class FaultTable(IReadOnlyList<Fault> faults, int seed, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly Random _dice = new(seed);
    private List<State> _states = [.. faults.Select(f => new State(f))];

    public void Replace(IEnumerable<Fault> faults)
    {
        lock (_gate)
            _states = [.. faults.Select(f => new State(f))];
    }

    public FaultPlan PlanFor(S3Request request)
    {
        var plan = new FaultPlan();
        lock (_gate)
        {
            foreach (var state in _states)
            {
                if (state.Fault.Matches(request.Operation, request.Method, request.Key) && state.Strikes(_dice))
                {
                    Log.FaultStrikes(logger, state.Fault.ToString(), request.Operation);
                    Apply(state.Fault, plan);
                }
            }
        }
        return plan;
    }

    private static void Apply(Fault fault, FaultPlan plan)
    {
        switch (fault.Kind)
        {
            case FaultKind.SlowDown:
                plan.Error = new S3Exception(503, "SlowDown", "Please reduce your request rate.");
                break;
            case FaultKind.InternalError:
                plan.Error = new S3Exception(500, "InternalError", "We encountered an internal error. Please try again.");
                break;
            case FaultKind.AccessDenied:
                plan.Error = S3Exception.AccessDenied();
                break;
            case FaultKind.Latency:
                plan.Latency += TimeSpan.FromMilliseconds(fault.Amount);
                break;
            case FaultKind.Rate:
                plan.Rate = fault.Amount;
                break;
            case FaultKind.Cut:
                plan.CutAfter = fault.Amount;
                break;
            case FaultKind.LostReply:
                plan.LosesReply = true;
                break;
            case FaultKind.NoEcho:
                plan.StoresPlaintext = true;
                break;
            case FaultKind.GarbageXml:
                plan.GarblesDocument = true;
                break;
        }
    }

    private sealed class State(Fault fault)
    {
        private int _toSkip = fault.Skip;
        private int? _left = fault.Count;

        public Fault Fault { get; } = fault;

        public bool Strikes(Random dice)
        {
            if (_toSkip > 0)
            {
                _toSkip--;
                return false;
            }
            if (_left == 0 || (Fault.Probability < 1 && dice.NextDouble() >= Fault.Probability))
                return false;
            _left--;
            return true;
        }
    }
}
