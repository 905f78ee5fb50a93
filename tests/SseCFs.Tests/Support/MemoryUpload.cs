using SseCFs.Store;

namespace SseCFs.Tests.Support;

/// <summary>A multipart upload into a <see cref="MemoryStore"/>.</summary>
/// <param name="parts">What is there of it already.</param>
internal sealed class MemoryUpload(MemoryStore store, string key, string id, ObjectMetadata metadata, SortedDictionary<int, byte[]> parts) : IMultipartUpload
{
    private readonly SortedDictionary<int, byte[]> _parts = parts;

    public string Key => key;

    public string UploadId => id;

    public string KeyFingerprint => store.KeyFingerprint;

    public IReadOnlyDictionary<int, string> Parts => store.ETagsOf(_parts);

    public async ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation)
    {
        await store.ReceiveAsync(RequestKind.UploadPart, key, cancellation);
        store.Upload(this, number, _parts, MemoryStore.Join(content));
    }

    public async ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation)
    {
        await store.ReceiveAsync(RequestKind.CopyPart, key, cancellation);
        if (!store.CanCopyParts)
        {
            throw new FsException(FsError.NotSupported, "this service copies no parts");
        }
        store.Upload(this, number, _parts, store.RangeOf(source, offset, length));
    }

    public void LeaveOut(int above)
    {
        foreach (var number in _parts.Keys.Where(number => number > above).ToList())
        {
            _parts.Remove(number);
        }
    }

    public async ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation)
    {
        await store.ReceiveAsync(RequestKind.Complete, key, cancellation);
        return store.Complete(this, _parts, expectedSize, metadata, condition);
    }

    public void HandOver()
    {
    }

    public void TakeBack()
    {
    }

    public async ValueTask AbortAsync()
    {
        await store.ReceiveAsync(RequestKind.Abort, key, CancellationToken.None);
        store.Abort(id);
    }
}

internal sealed class MemoryBody(ObjectInfo info, long offset, ReadOnlyMemory<byte> data) : ObjectBody(info, offset, data.Length)
{
    private int _given;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await Task.Yield();
        // As a socket does: no more than a piece at a time.
        var count = Math.Min(Math.Min(buffer.Length, 48 << 10), data.Length - _given);
        data.Slice(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
