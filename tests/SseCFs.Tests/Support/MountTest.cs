using Microsoft.Extensions.Time.Testing;

namespace SseCFs.Tests.Support;

/// <summary>One mount over one store in memory, with a place for faults between them.</summary>
public abstract class MountTest : IAsyncLifetime
{
    private readonly List<Mount> _others = [];

    private protected MountTest()
    {
        Clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        Store = new MemoryStore(Clock);
        Faults = new FaultyStore(Store);
        Mount = new Mount(Faults, Clock);
    }

    private protected FakeTimeProvider Clock { get; }

    private protected MemoryStore Store { get; }

    private protected FaultyStore Faults { get; }

    private protected Mount Mount { get; set; }

    /// <summary>Another machine that has mounted the same bucket.</summary>
    private protected Mount MountAgain(string key = "key-1")
    {
        var other = new Mount(Store.SeenBy(key), Clock);
        _others.Add(other);
        return other;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual async ValueTask DisposeAsync()
    {
        await Mount.DisposeAsync();
        foreach (var other in _others)
        {
            await other.DisposeAsync();
        }
        GC.SuppressFinalize(this);
    }
}
