using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>
/// What fsx does: reads, writes, truncates and punches one file at random, and remounts in between. The smallest memory and sizes around
/// the border between one PUT and a multipart upload. A failure prints its seed.
/// </summary>
public sealed class RandomFile
{
    private static readonly Gen<(int Act, int Offset, int Length)[]> Small = Steps(600_000, 30);
    private static readonly Gen<(int Act, int Offset, int Length)[]> Large = Steps(36 << 20, 8);

    [Fact]
    public Task A_small_file_is_what_was_written_to_it() =>
        Small.SampleAsync(steps => Run([], steps), iter: 30, threads: 2);

    [Fact]
    public Task A_large_file_that_is_spilled_is_what_was_written_to_it() =>
        Large.SampleAsync(steps => Run(Mount.Content(30 << 20), steps), iter: 2, threads: 1);

    [Fact]
    public Task A_large_file_that_leaves_while_it_is_written_is_what_was_written_to_it() =>
        Large.SampleAsync(steps => Run(Mount.Content(10 << 20), steps, mostlyAtEnd: true), iter: 3, threads: 1);

    private static Gen<(int Act, int Offset, int Length)[]> Steps(int largest, int count) =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, largest], Gen.Frequency((1, Gen.Int[0, largest / 3]), (2, Gen.Int[0, 20_000]))).Array[count / 2, count];

    /// <param name="model">Written at first: more than what may be staged in memory, in the large case.</param>
    private static async Task Run(byte[] model, (int Act, int Offset, int Length)[] steps, bool mostlyAtEnd = false)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var store = new MemoryStore(clock);
        await using var mount = new Mount(store, clock);
        var handle = await mount.Create("f");
        await mount.WriteAt(handle, 0, model);
        for (var i = 0; i < steps.Length; i++)
        {
            var (act, offset, length) = steps[i];
            switch (act)
            {
                case <= 3:
                    if (mostlyAtEnd && act > 0)
                    {
                        offset = model.Length;
                        length = Math.Max(length, 9 << 20);
                    }
                    var data = Mount.Content(length, i);
                    await mount.WriteAt(handle, offset, data);
                    if (length > 0)
                    {
                        Array.Resize(ref model, Math.Max(model.Length, offset + length));
                        data.CopyTo(model, offset);
                    }
                    break;
                case 4:
                    await mount.Truncate("f", offset);
                    Array.Resize(ref model, offset);
                    break;
                case 5 when length > 0:
                    await mount.Files.AllocateAsync(handle, AllocateMode.PunchHole, offset, length, default);
                    model.AsSpan(Math.Min(offset, model.Length), Math.Clamp(model.Length - offset, 0, length)).Clear();
                    break;
                case 6:
                    await mount.Close(handle);
                    await mount.Remount();
                    handle = await mount.Open("f", OpenFlags.Read | OpenFlags.Write);
                    break;
                case 7:
                    await mount.Files.SyncAsync(handle, default);
                    break;
                default:
                    Compare(i, model.AsSpan(Math.Min(offset, model.Length), Math.Clamp(model.Length - offset, 0, length)).ToArray(), await mount.ReadAt(handle, offset, length));
                    break;
            }
        }
        Compare(steps.Length, model, await mount.ReadAt(handle, 0, int.MaxValue / 2));
        await mount.Close(handle);
        await mount.Remount();
        Compare(steps.Length, model, store["f"].Data);
        Compare(steps.Length, model, await mount.Read("f"));
    }

    private static void Compare(int step, byte[] expected, byte[] actual)
    {
        var same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == expected.Length && same == actual.Length, $"step {step}: {actual.Length} bytes where {expected.Length} are due, the first {same} right");
    }
}
