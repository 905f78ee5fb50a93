using SseCFs.LocalStore;
using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>A clock that jumps, as after a suspend: here the service's, which comes to the same.</summary>
public sealed class ClockSkewTests : IClassFixture<ClockSkewTests.JumpingService>
{
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly JumpingService _service;

    public ClockSkewTests(JumpingService service) => _service = service;

    [Theory]
    [InlineData(60)]
    [InlineData(-180)]
    public async Task EveryRequestGoesOn(int minutes)
    {
        var store = _service.Store;
        await store.PutAsync("a", ObjectContent.Of(new byte[10]), NoMetadata, WriteCondition.None, None);
        foreach (var request in new Func<Task>[]
        {
            async () => Assert.Equal(10, (await store.HeadAsync("a", None)).Size),
            async () => await (await store.GetAsync("a", 0, 10, null, null, None))!.DisposeAsync(),
            async () => Assert.Single((await store.ListAsync("a", null, null, 10, None)).Objects),
            async () => await store.PutAsync("a", ObjectContent.Of(new byte[10]), NoMetadata, WriteCondition.None, None),
            async () => await store.DeleteAsync("b", null, None),
            async () => await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.HeadAsync("a", None).AsTask())),
        })
        {
            _service.Clock.Adjust(_service.Clock.GetUtcNow() + TimeSpan.FromMinutes(minutes));
            await request();
        }
    }

    public sealed class JumpingService() : EmbeddedService(Dialect.Ceph16)
    {
        public AdjustableClock Clock { get; } = new();

        protected override LocalStoreOptions Configure(LocalStoreOptions options) => options with { Time = Clock };
    }

    /// <summary>The system's clock, and a difference.</summary>
    public sealed class AdjustableClock : TimeProvider
    {
        private TimeSpan _difference;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _difference;

        public void Adjust(DateTimeOffset now) => _difference = now - base.GetUtcNow();
    }
}
