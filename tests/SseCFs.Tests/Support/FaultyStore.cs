using SseCFs.Store;

namespace SseCFs.Tests.Support;

/// <summary>
/// Passes requests on, but lets a test stand in the way of those it names: before they reach the store (fail, wait, another writer), or
/// after they were done (a lost reply). Thread-safe.
/// </summary>
internal sealed class FaultyStore(IObjectStore store) : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    /// <summary>Answers listings in the store's place.</summary>
    public Func<string, ListPage>? ListInstead { get; set; }

    /// <summary>Acts before the nth request (1 is the next) of a kind for a key, and as often as said from there on.</summary>
    /// <param name="key">Null: any.</param>
    public void Before(RequestKind kind, string? key, Func<CancellationToken, Task> act, int nth = 1, int times = 1) =>
        Add(new Fault(kind, key, act, IsAfter: false) { Skip = nth - 1, Left = times });

    /// <summary>Acts after the request was done and before its answer is seen.</summary>
    public void After(RequestKind kind, string? key, Func<CancellationToken, Task> act, int nth = 1, int times = 1) =>
        Add(new Fault(kind, key, act, IsAfter: true) { Skip = nth - 1, Left = times });

    public void Fail(RequestKind kind, string? key, FsError reason = FsError.Unavailable, int nth = 1, int times = 1) =>
        Before(kind, key, _ => throw new FsException(reason, "as the test wants it"), nth, times);

    /// <summary>Whether a fault for that key has still to happen.</summary>
    public bool IsWaiting(RequestKind kind, string key)
    {
        lock (_lock)
        {
            return _faults.Any(fault => fault.Kind == kind && fault.Key == key && fault.Left > 0);
        }
    }

    public void Heal()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    public ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation) =>
        PassAsync(RequestKind.Head, key, () => store.HeadAsync(key, cancellation), cancellation);

    public ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation) =>
        PassAsync(RequestKind.Get, key, () => store.GetAsync(key, offset, length, ifMatch, ifNoneMatch, cancellation), cancellation);

    public ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        PassAsync(RequestKind.Put, key, () => store.PutAsync(key, content, metadata, condition, cancellation), cancellation);

    public ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation) => store.IsOwnAsync(there, attempt, cancellation);

    public async ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation) =>
        new FaultyUpload(this, await PassAsync(RequestKind.StartUpload, key, () => store.StartUploadAsync(key, metadata, cancellation), cancellation));

    public IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts) =>
        new FaultyUpload(this, store.ResumeUpload(key, uploadId, metadata, parts));

    public async ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation) =>
        await PassAsync(RequestKind.Abort, key, async () =>
        {
            await store.AbortUploadAsync(key, uploadId, cancellation);
            return true;
        }, cancellation);

    public ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        PassAsync(RequestKind.Copy, destination, () => store.CopyAsync(source, destination, metadata, condition, cancellation), cancellation);

    public ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation) => store.GetTagsAsync(key, cancellation);

    public async ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation) =>
        await PassAsync(RequestKind.Delete, key, async () =>
        {
            await store.DeleteAsync(key, ifMatch, cancellation);
            return true;
        }, cancellation);

    public async ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation) =>
        await PassAsync(RequestKind.Delete, key, async () =>
        {
            await store.RemoveAsync(key, seen, cancellation);
            return true;
        }, cancellation);

    public ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation) =>
        PassAsync(
            RequestKind.List,
            prefix,
            () => ListInstead is { } list ? ValueTask.FromResult(list(prefix)) : store.ListAsync(prefix, delimiter, continuation, limit, cancellation),
            cancellation);

    private void Add(Fault fault)
    {
        lock (_lock)
        {
            _faults.Add(fault);
        }
    }

    private async ValueTask<T> PassAsync<T>(RequestKind kind, string key, Func<ValueTask<T>> request, CancellationToken cancellation)
    {
        await MeetAsync(kind, key, isAfter: false, cancellation);
        var answer = await request();
        await MeetAsync(kind, key, isAfter: true, cancellation);
        return answer;
    }

    private Task MeetAsync(RequestKind kind, string key, bool isAfter, CancellationToken cancellation)
    {
        Fault? met;
        lock (_lock)
        {
            met = _faults.FirstOrDefault(f => f.Kind == kind && f.IsAfter == isAfter && (f.Key is null || f.Key == key) && f.Left > 0 && f.Skip-- <= 0);
            if (met is not null)
            {
                met.Left--;
            }
        }
        return met?.Act(cancellation) ?? Task.CompletedTask;
    }

    private sealed record Fault(RequestKind Kind, string? Key, Func<CancellationToken, Task> Act, bool IsAfter)
    {
        public int Skip { get; set; }

        public int Left { get; set; }
    }

    private sealed class FaultyUpload(FaultyStore owner, IMultipartUpload upload) : IMultipartUpload
    {
        public string Key => upload.Key;

        public string UploadId => upload.UploadId;

        public string KeyFingerprint => upload.KeyFingerprint;

        public IReadOnlyDictionary<int, string> Parts => upload.Parts;

        public async ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation) =>
            await owner.PassAsync(RequestKind.UploadPart, Key, async () =>
            {
                await upload.UploadPartAsync(number, content, cancellation);
                return true;
            }, cancellation);

        public async ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation) =>
            await owner.PassAsync(RequestKind.CopyPart, Key, async () =>
            {
                await upload.CopyPartAsync(number, source, offset, length, cancellation);
                return true;
            }, cancellation);

        public void LeaveOut(int above) => upload.LeaveOut(above);

        public ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation) =>
            owner.PassAsync(RequestKind.Complete, Key, () => upload.CompleteAsync(expectedSize, condition, cancellation), cancellation);

        public void HandOver() => upload.HandOver();

        public void TakeBack() => upload.TakeBack();

        public ValueTask AbortAsync() => upload.AbortAsync();
    }
}
