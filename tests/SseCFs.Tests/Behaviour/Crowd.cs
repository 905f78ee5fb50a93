using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

public sealed class Crowd : MountTest
{
    private const int Tasks = 64;
    private const int StepsEach = 25;

    [Fact]
    public async Task Many_who_do_anything_at_once_neither_block_nor_break_each_other()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await Mount.MakeDirectory(name);
        }
        var run = Task.WhenAll(Enumerable.Range(0, Tasks).Select(i => Task.Run(() => WanderAsync(i))));
        // Time goes on, so that listings grow old and what waits is stored, in the middle of it all.
        while (await Task.WhenAny(run, Task.Delay(20)) != run)
        {
            Mount.Pass(0.3);
            Assert.False(Clock.GetUtcNow() > new DateTimeOffset(2026, 3, 1, 12, 10, 0, TimeSpan.Zero), "they block each other");
        }
        await run.WaitAsync(TimeSpan.FromSeconds(20));
        await Mount.Remount();
        foreach (var directory in await Mount.List())
        {
            foreach (var name in await Mount.List(directory))
            {
                if (!(await Mount.Stat($"{directory}/{name}")).IsDirectory)
                {
                    // Whole: one writer's content, not a mixture.
                    var data = await Mount.Read($"{directory}/{name}");
                    Assert.True(data.Length == 0 || !data.AsSpan().ContainsAnyExcept(data[0]), $"{directory}/{name} is mixed");
                }
            }
        }
    }

    private async Task WanderAsync(int seed)
    {
#pragma warning disable CA5394 // test data
        var random = new System.Random(seed);
        for (var step = 0; step < StepsEach; step++)
        {
            var path = $"{(char)('a' + random.Next(3))}/{(char)('p' + random.Next(4))}";
            var other = $"{(char)('a' + random.Next(3))}/{(char)('p' + random.Next(4))}";
            try
            {
                switch (random.Next(8))
                {
                    case 0 or 1:
                        // Two who create one name at once share a file: the whole content is one write.
                        await Mount.Write(path, Enumerable.Repeat((byte)seed, 3000).ToArray());
                        break;
                    case 2:
                        await Mount.Read(path);
                        break;
                    case 3:
                        await Mount.Rename(path, other);
                        break;
                    case 4:
                        await Mount.Unlink(path);
                        break;
                    case 5:
                        await Mount.List(path[..1], withAttributes: true);
                        break;
                    case 6:
                        await Mount.Change(path, new AttributeChange { Mode = 0x1A4 });
                        break;
                    default:
                        using (var interrupt = new CancellationTokenSource(random.Next(5)))
                        {
                            await Mount.Rename(path, other, cancellation: interrupt.Token);
                        }
                        break;
                }
            }
            catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale or FsError.Conflict)
            {
                // Another was faster.
            }
            catch (OperationCanceledException)
            {
                // Given up, as meant.
            }
        }
#pragma warning restore CA5394
    }
}
