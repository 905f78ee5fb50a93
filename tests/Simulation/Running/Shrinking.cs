using System.Diagnostics;
using SseCFs.Simulation.Checks;
using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation.Running;

/// <summary>Looks for the shortest plan that still breaks the same promise: with fewer steps, fewer machines, and less at once.</summary>
internal static class Shrinking
{
    /// <summary>Orders of requests that are tried for one plan: with a step gone, the old order means something else.</summary>
    private const int Orders = 4;

    public static async Task<Plan> ShrinkAsync(Plan plan, FindingKind kind, Cause cause, Sabotage sabotage, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        for (var progress = true; progress && clock.Elapsed < limit;)
        {
            progress = false;
            foreach (var smaller in Smaller(plan))
            {
                if (clock.Elapsed > limit)
                {
                    break;
                }
                if (await FailsAsync(smaller, kind, cause, sabotage).ConfigureAwait(false) is { } failing)
                {
                    plan = failing;
                    progress = true;
                    break;
                }
            }
        }
        return plan;
    }

    private static async Task<Plan?> FailsAsync(Plan plan, FindingKind kind, Cause cause, Sabotage sabotage)
    {
        for (var order = 0; order < Orders; order++)
        {
            var tried = plan with { Seed = order == 0 ? plan.Seed : order };
            if ((await Run.DoAsync(tried, sabotage).ConfigureAwait(false)).Findings.Any(finding => finding.Kind == kind && finding.Cause == cause))
            {
                return tried;
            }
        }
        return null;
    }

    private static IEnumerable<Plan> Smaller(Plan plan)
    {
        var steps = plan.Steps;
        for (var size = steps.Count / 2; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= steps.Count; at += size)
            {
                yield return plan with { Steps = [.. steps.Take(at), .. steps.Skip(at + size)] };
            }
        }
        for (var machine = plan.WriteBack.Count - 1; machine > 0; machine--)
        {
            if (machine == plan.WriteBack.Count - 1 && steps.All(step => step.Machine < machine))
            {
                yield return plan with { WriteBack = [.. plan.WriteBack.Take(machine)] };
            }
        }
        for (var machine = 0; machine < plan.WriteBack.Count; machine++)
        {
            if (plan.WriteBack[machine])
            {
                yield return plan with { WriteBack = [.. plan.WriteBack.Select((isWriteBack, i) => isWriteBack && i != machine)] };
            }
        }
        if (plan.Service != Service.Aws)
        {
            yield return plan with { Service = Service.Aws };
        }
        for (var i = 0; i < steps.Count; i++)
        {
            foreach (var simpler in Simpler(steps[i]))
            {
                yield return plan with { Steps = [.. steps.Take(i), simpler, .. steps.Skip(i + 1)] };
            }
        }
    }

    private static IEnumerable<Step> Simpler(Step step)
    {
        if (step.Events >= 0)
        {
            yield return step with { Events = -1 };
        }
        if (step.Number > 1)
        {
            yield return step with { Number = 1 };
            yield return step with { Number = step.Number - 1 };
        }
        if (step.Slot > 0)
        {
            yield return step with { Slot = 0 };
        }
        if (step.Kind is StepKind.Replace or StepKind.Append or StepKind.Overwrite or StepKind.Claim)
        {
            yield return step with { Kind = StepKind.Save };
        }
    }
}
