using SseCFs.Keys;

namespace SseCFs.Store;

/// <summary>
/// A store that opens no object that is not encrypted: whoever may write to the bucket without the key could have put it there. Removing one is possible.
/// Markers of directories, which are empty, are as ever. Thread-safe.
/// </summary>
internal sealed class EncryptedOnlyStore(IObjectStore store) : IObjectStore
{
    public async ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation) =>
        Checked(await store.HeadAsync(key, cancellation).ConfigureAwait(false));

    public async ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation)
    {
        var body = await store.GetAsync(key, offset, length, ifMatch, ifNoneMatch, cancellation).ConfigureAwait(false);
        if (body is null)
        {
            return null;
        }
        try
        {
            Checked(body.Info);
            return body;
        }
        catch
        {
            await body.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        store.PutAsync(key, content, metadata, condition, cancellation);

    public ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation) => store.IsOwnAsync(there, attempt, cancellation);

    public ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation) =>
        store.StartUploadAsync(key, metadata, cancellation);

    public IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts) =>
        store.ResumeUpload(key, uploadId, metadata, parts);

    public ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation) => store.AbortUploadAsync(key, uploadId, cancellation);

    public ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        store.CopyAsync(Checked(source), destination, metadata, condition, cancellation);

    public ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation) => store.GetTagsAsync(key, cancellation);

    public ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation) => store.DeleteAsync(key, ifMatch, cancellation);

    public ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation) => store.RemoveAsync(key, seen, cancellation);

    public ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation) =>
        store.ListAsync(prefix, delimiter, continuation, limit, cancellation);

    private static ObjectInfo Checked(ObjectInfo info) => info.Encryption == Encryption.CustomerKey || (info.Size == 0 && info.Key.EndsWith('/'))
        ? info
        : throw new FsException(FsError.PlainRefused, $"{info.Key} is not encrypted, and such objects are not opened here");
}
