using Microsoft.Extensions.Time.Testing;
using SseCFs.Content;
using SseCFs.Tests.Support;

namespace SseCFs.Tests.Content;

public sealed class Fetches : IDisposable
{
    private readonly byte[] _data = Mount.Content(10 * Block.Size + 77);
    private readonly MemoryStore _store = new(new FakeTimeProvider());
    private readonly FaultyStore _faults;
    private readonly BlockCache _cache = new(8 << 20, new BlockPool(8 << 20));
    private readonly StoredContent _content;

    public Fetches()
    {
        _faults = new FaultyStore(_store);
        _store.PutForeign("k", _data);
        _content = new StoredContent(_faults, _cache, "k", _store["k"].ETag, _data.Length);
    }

    [Fact]
    public async Task Many_readers_of_one_block_share_one_request()
    {
        var goOn = new TaskCompletionSource();
        _faults.Before(RequestKind.Get, "k", _ => goOn.Task);
        var readers = Enumerable.Range(0, 50).Select(i => Read(i * 100, 1000)).ToList();
        goOn.SetResult();
        for (var i = 0; i < readers.Count; i++)
        {
            Assert.Equal(_data[(i * 100)..(i * 100 + 1000)], await readers[i]);
        }
        Assert.Equal(1, _store.Requests.Count(RequestKind.Get));
    }

    [Fact]
    public async Task One_reader_who_gives_up_does_not_fail_the_others()
    {
        var goOn = new TaskCompletionSource();
        _faults.Before(RequestKind.Get, "k", _ => goOn.Task);
        using var interrupt = new CancellationTokenSource();
        var impatient = Read(0, 1000, interrupt.Token);
        var patient = Read(0, 1000);
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        goOn.SetResult();
        Assert.Equal(_data[..1000], await patient);
        Assert.Equal(1, _store.Requests.Count(RequestKind.Get));
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_wait_and_tried_again_by_the_next()
    {
        var goOn = new TaskCompletionSource();
        _faults.Before(RequestKind.Get, "k", async _ =>
        {
            await goOn.Task;
            throw new FsException(FsError.Unavailable, "as the test wants it");
        });
        var one = Read(0, 10);
        var two = Read(5, 10);
        goOn.SetResult();
        await Fails.With(FsError.Unavailable, () => one);
        await Fails.With(FsError.Unavailable, () => two);
        Assert.Equal(_data[..10], await Read(0, 10));
    }

    [Fact]
    public async Task The_whole_is_read_with_few_requests_and_once()
    {
        Assert.Equal(_data, await Read(0, _data.Length));
        Assert.True(_content.IsCached());
        Assert.Equal(1, _store.Requests.Count(RequestKind.Get));
        Assert.Equal(_data[100_000..400_000], await Read(100_000, 300_000));
        Assert.Empty(await Read(_data.Length, 10));
        Assert.Equal(_data[^5..], await Read(_data.Length - 5, 100));
        Assert.Equal(1, _store.Requests.Count(RequestKind.Get));
    }

    [Fact]
    public async Task What_moved_is_read_at_its_new_place()
    {
        _faults.Before(RequestKind.Get, "k", _ =>
        {
            _store.PutForeign("new", _data);
            _store.DeleteForeign("k");
            _content.MoveTo("new", _store["new"].ETag);
            return Task.CompletedTask;
        });
        Assert.Equal(_data[..10], await Read(0, 10));
    }

    [Fact]
    public async Task Another_version_is_stale()
    {
        _store.PutForeign("k", new byte[_data.Length]);
        await Fails.With(FsError.Stale, () => Read(0, 10));
        _store.DeleteForeign("k");
        await Fails.With(FsError.Stale, () => Read(0, 10));
    }

    [Fact]
    public async Task Who_waits_when_the_version_ends_is_told()
    {
        var begun = new TaskCompletionSource();
        _faults.Before(RequestKind.Get, "k", token =>
        {
            begun.SetResult();
            return Task.Delay(Timeout.Infinite, token);
        });
        var reading = Read(0, 10);
        await begun.Task;
        _content.Dispose();
        await Fails.With(FsError.Stale, () => reading);
    }

    public void Dispose()
    {
        _content.Dispose();
        _cache.Dispose();
    }

    private async Task<byte[]> Read(int offset, int length, CancellationToken cancellation = default)
    {
        var segments = new ReadSegments();
        try
        {
            await _content.ReadAsync(offset, length, 0, segments, cancellation);
            return Enumerable.Range(0, segments.Count).SelectMany(i => segments[i].ToArray()).ToArray();
        }
        finally
        {
            segments.Release();
        }
    }
}
