using SseCFs.Store;

namespace SseCFs.Simulation.Stage;

/// <summary>
/// The bucket as one process reaches it: <see cref="IObjectStore"/> with the requests that the store of S3 would send, each of which the network may lose, delay or overtake.
/// </summary>
internal sealed class SimulatedStore(World world, Process process) : IObjectStore
{
    private const string Key = "key-1";
    private const string DigestName = "md5chksum";

    private Bucket Bucket => world.Bucket;

    private bool HasConditions => Bucket.Service == Service.Aws;

    public async ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation) =>
        await SendAsync("HEAD", key, _ => InfoOf(Bucket.Get(key)), cancellation).ConfigureAwait(false);

    public async ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation) =>
        await SendAsync("GET", key, _ =>
        {
            var found = Bucket.Get(key);
            if (ifMatch is not null && found.ETag != ifMatch)
            {
                throw new FsException(FsError.Stale, $"{key} is another version");
            }
            if (ifNoneMatch is not null && (found.ETag == ifNoneMatch || world.Sabotage.HasFlag(Sabotage.NothingChanges)))
            {
                return null;
            }
            var from = (int)Math.Min(offset, found.Data.Length);
            return new Body(InfoOf(found), from, found.Data.AsMemory(from, (int)Math.Min(length, found.Data.Length - from)));
        }, cancellation).ConfigureAwait(false);

    public async ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        var data = Join(content);
        metadata = metadata.WithAttempt();
        metadata.Attempt!.Send(new SentContent(data.Length, Bucket.Md5(data)));
        return await SendAsync("PUT", key, sender => Written(Bucket.Store(sender, key, data, metadata, condition)), cancellation).ConfigureAwait(false);
    }

    public async ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation)
    {
        if (there.Attempt != attempt.Id || attempt.Sent is not { } sent || sent.Size != there.Size)
        {
            return false;
        }
        var expected = sent.ETag ?? (there.Metadata.User.TryGetValue(DigestName, out var digest) ? Convert.ToHexStringLower(Convert.FromBase64String(digest)) : null);
        if (expected is null || expected == there.ETag || world.Sabotage.HasFlag(Sabotage.BelieveIds))
        {
            return true;
        }
        return !HasConditions ? false : await SendAsync(
            "GET", there.Key, _ => Bucket.Objects.TryGetValue(there.Key, out var found) && found.ETag == there.ETag && Bucket.Md5(found.Data) == expected, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation)
    {
        var id = await SendAsync("POST uploads", key, _ => Bucket.StartUpload(key), cancellation).ConfigureAwait(false);
        return new SimulatedUpload(this, key, id, metadata.WithAttempt(), new Dictionary<int, string>());
    }

    public IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts) =>
        new SimulatedUpload(this, key, uploadId, metadata.WithAttempt(), parts);

    public async ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation) =>
        await SendAsync("ABORT", key, _ =>
        {
            Bucket.EndUpload(uploadId);
            return true;
        }, cancellation).ConfigureAwait(false);

    public async ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        metadata = metadata.WithAttempt();
        metadata.Attempt!.Send(new SentContent(source.Size, null));
        // Small objects are read and written, and PUT has conditions everywhere.
        var data = await SendAsync("GET", source.Key, _ =>
        {
            var found = Bucket.Get(source.Key);
            return found.ETag == source.ETag ? found.Data : throw new FsException(FsError.Stale, $"{source.Key} is another version");
        }, cancellation).ConfigureAwait(false);
        metadata.Attempt.Send(new SentContent(data.Length, Bucket.Md5(data)));
        return await SendAsync("PUT", destination, sender => Written(Bucket.Store(sender, destination, data, metadata, condition)), cancellation).ConfigureAwait(false);
    }

    public ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>());

    public async ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation)
    {
        if (ifMatch is null || HasConditions)
        {
            await SendAsync("DELETE", key, sender =>
            {
                Bucket.Remove(sender, key, ifMatch);
                return true;
            }, cancellation).ConfigureAwait(false);
            return;
        }
        var isThere = await SendAsync("HEAD", key, _ => !Bucket.Objects.TryGetValue(key, out var there) ? false
            : there.ETag == ifMatch ? true : throw new FsException(FsError.Conflict, $"{key} is another version"), cancellation).ConfigureAwait(false);
        if (isThere)
        {
            await SendAsync("DELETE", key, sender =>
            {
                Bucket.RemoveUnchecked(sender, key, ifMatch);
                return true;
            }, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation)
    {
        if (!HasConditions)
        {
            await SendAsync("DELETE", key, sender =>
            {
                Bucket.RemoveUnchecked(sender, key, seen);
                return true;
            }, cancellation).ConfigureAwait(false);
            return;
        }
        while (!await SendAsync("DELETE", key, sender =>
        {
            if (seen is not null && Bucket.Objects.TryGetValue(key, out var there) && there.ETag != seen)
            {
                return false;
            }
            Bucket.Remove(sender, key, null);
            return true;
        }, cancellation).ConfigureAwait(false))
        {
            seen = await SendAsync("HEAD", key, _ => Bucket.Objects.GetValueOrDefault(key)?.ETag, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation) =>
        await SendAsync("LIST", prefix, _ => Bucket.List(prefix, delimiter, continuation, limit), cancellation).ConfigureAwait(false);

    private Task<T> SendAsync<T>(string kind, string key, Func<Sender, T> carryOut, CancellationToken cancellation) =>
        world.Network.SendAsync(process, kind, key, carryOut, cancellation);

    private static WrittenObject Written(Version version) => new(version.ETag, version.Modified);

    private static ObjectInfo InfoOf(Version found) =>
        new(found.Key, found.Data.Length, found.ETag, found.Modified, Encryption.CustomerKey, found.Metadata with { Attempt = null })
        {
            Attempt = found.Metadata.Attempt?.Id,
        };

    private static byte[] Join(ObjectContent content)
    {
        var data = new byte[content.Length];
        var at = 0;
        foreach (var slice in content.Slices)
        {
            slice.CopyTo(data.AsMemory(at));
            at += slice.Length;
        }
        return data;
    }

    private sealed class SimulatedUpload(SimulatedStore store, string key, string id, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts) : IMultipartUpload
    {
        private readonly SortedDictionary<int, string> _parts = new(parts.ToDictionary());

        public string Key => key;

        public string UploadId => id;

        public string KeyFingerprint => SimulatedStore.Key;

        public IReadOnlyDictionary<int, string> Parts => _parts;

        public async ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation)
        {
            var data = Join(content);
            _parts[number] = await store.SendAsync($"PUT part {number} of", key, _ => store.Bucket.PutPart(id, number, data), cancellation).ConfigureAwait(false);
        }

        public async ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation) =>
            _parts[number] = await store.SendAsync($"COPY part {number} of", key, _ =>
            {
                var found = store.Bucket.Get(source.Key);
                return found.ETag == source.ETag
                    ? store.Bucket.PutPart(id, number, found.Data.AsSpan((int)offset, (int)length).ToArray())
                    : throw new FsException(FsError.Stale, $"{source.Key} is another version");
            }, cancellation).ConfigureAwait(false);

        public void LeaveOut(int above)
        {
            foreach (var number in _parts.Keys.Where(number => number > above).ToList())
            {
                _parts.Remove(number);
            }
        }

        public async ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation)
        {
            metadata.Attempt!.Send(new SentContent(expectedSize, null));
            if (!store.HasConditions)
            {
                await store.SendAsync("HEAD", key, _ =>
                {
                    store.Bucket.Check(key, condition);
                    return true;
                }, cancellation).ConfigureAwait(false);
            }
            return await store.SendAsync("COMPLETE", key, sender =>
            {
                var data = store.Bucket.Join(id, _parts.Keys);
                if (store.HasConditions)
                {
                    store.Bucket.Check(key, condition);
                }
                store.Bucket.EndUpload(id);
                return Written(store.Bucket.StoreUnchecked(sender, key, data, metadata, condition));
            }, cancellation).ConfigureAwait(false);
        }

        public void HandOver()
        {
        }

        public void TakeBack()
        {
        }

        public async ValueTask AbortAsync()
        {
            try
            {
                await store.AbortUploadAsync(key, id, CancellationToken.None).ConfigureAwait(false);
            }
            catch (FsException)
            {
                // What stays is logged by the store of S3.
            }
        }
    }

    private sealed class Body(ObjectInfo info, long offset, ReadOnlyMemory<byte> data) : ObjectBody(info, offset, data.Length)
    {
        private int _given;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            var count = Math.Min(buffer.Length, data.Length - _given);
            data.Slice(_given, count).CopyTo(buffer);
            _given += count;
            return ValueTask.FromResult(count);
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
