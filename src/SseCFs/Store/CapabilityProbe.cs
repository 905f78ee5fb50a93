using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Keys;
using SseCFs.Store.S3;

namespace SseCFs.Store;

/// <summary>
/// Asks a service, with objects of a few bytes, everything that a mount depends on; for <c>ssecfs check</c>. What it finds is
/// also learnt into the store's <see cref="Capabilities"/>. Its objects lie under a random name below the prefix, and are removed.
/// </summary>
/// <param name="prefix">The mount's: policies may allow no other.</param>
public sealed class CapabilityProbe(S3ObjectStore store, string prefix)
{
    /// <summary>The first row: nothing else is asked if it is bad.</summary>
    public const string AccessRow = "access";

    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly byte[] Content = "ssecfs check"u8.ToArray();

    private readonly S3Requests _requests = store.Requests;
    private readonly string _key = $"{prefix}.ssecfs-check-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
    private readonly List<ProbeRow> _rows = [];

    private string PlainKey => _key + "-plain";

    private string CopyKey => _key + "-copy";

    /// <summary>The rows in the order of asking. The list ends at the first row that is <see cref="ProbeResult.Bad"/>, since all else rests on it.</summary>
    public async Task<IReadOnlyList<ProbeRow>> RunAsync(CancellationToken cancellation)
    {
        try
        {
            if (await IsUsableAsync(cancellation).ConfigureAwait(false))
            {
                await AskPlainAsync(cancellation).ConfigureAwait(false);
                await AskCopyAsync(cancellation).ConfigureAwait(false);
                await AskPartCopyAsync(cancellation).ConfigureAwait(false);
                await AskPutConditionsAsync(cancellation).ConfigureAwait(false);
                await AskCompleteConditionsAsync(cancellation).ConfigureAwait(false);
                await AskDeleteConditionsAsync(cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            await RemoveAsync().ConfigureAwait(false);
        }
        return _rows;
    }

    private async Task<bool> IsUsableAsync(CancellationToken cancellation) =>
        await AskAsync(AccessRow, "endpoint, credentials and bucket are right", async () =>
        {
            await store.ListAsync(prefix, null, null, 1, cancellation).ConfigureAwait(false);
        }).ConfigureAwait(false)
        && await AskAsync("encrypted write", "the service confirms encryption with the key", async () =>
        {
            await store.PutAsync(_key, ObjectContent.Of(Content), NoMetadata, WriteCondition.None, cancellation).ConfigureAwait(false);
        }).ConfigureAwait(false)
        && await AskAsync("read back", "what is read is what was written", async () =>
        {
            var body = await store.GetAsync(_key, 0, 100, null, null, cancellation).ConfigureAwait(false);
            await using (body!.ConfigureAwait(false))
            {
                var buffer = new byte[100];
                var count = 0;
                while (await body!.ReadAsync(buffer.AsMemory(count), cancellation).ConfigureAwait(false) is > 0 and var read)
                    count += read;
                if (!buffer.AsSpan(0, count).SequenceEqual(Content))
                    throw new FsException(FsError.BadReply, "other bytes came back than were written");
            }
        }).ConfigureAwait(false)
        && await AskAsync("no read without the key", "the service gives nothing to those without the key", async () =>
        {
            if (await TryAsync(token => _requests.Client.GetObjectAsync(_requests.Options.Bucket, _key, token), cancellation).ConfigureAwait(false) is null)
                throw new FsException(FsError.NotEncrypted, "the object can be read without the key: the service stores it in plaintext although it says otherwise");
        }).ConfigureAwait(false);

    private async Task AskPlainAsync(CancellationToken cancellation)
    {
        var refusal = await TryAsync(
            token => _requests.Client.PutObjectAsync(
                new PutObjectRequest { BucketName = _requests.Options.Bucket, Key = PlainKey, ContentBody = "plain", UseChunkEncoding = false }, token), cancellation).ConfigureAwait(false);
        if (refusal is not null)
        {
            Add("plain objects", ProbeResult.Good, "the bucket takes encrypted objects only");
            return;
        }
        await AskAsync("plain objects", "are readable, and become encrypted when written", async () =>
        {
            await store.HeadAsync(PlainKey, cancellation).ConfigureAwait(false);
            _requests.Capabilities.PlainWithKey ??= true;
        }).ConfigureAwait(false);
    }

    private async Task AskCopyAsync(CancellationToken cancellation)
    {
        var request = new CopyObjectRequest
        {
            SourceBucket = _requests.Options.Bucket,
            SourceKey = _key,
            DestinationBucket = _requests.Options.Bucket,
            DestinationKey = CopyKey,
            MetadataDirective = S3MetadataDirective.REPLACE,
        };
        var headers = _requests.Ring.WriterOf(_key);
        headers.AddTo(request, headers);
        var refusal = await TryAsync(token => _requests.Client.CopyObjectAsync(request, token), cancellation).ConfigureAwait(false);
        var isEncrypted = refusal is null && (await store.HeadAsync(CopyKey, cancellation).ConfigureAwait(false)).Encryption == Encryption.CustomerKey;
        _requests.Capabilities.Copy = isEncrypted;
        Add("copy", isEncrypted ? ProbeResult.Good : ProbeResult.Limited, (refusal, isEncrypted) switch
        {
            (null, true) => "renames are one request",
            (null, false) => "the service copies encrypted objects to plaintext: its copy is not used",
            _ => $"the service does not copy encrypted objects ({Describe(refusal)}): renames go by parts or through this machine",
        });
    }

    private async Task AskPartCopyAsync(CancellationToken cancellation)
    {
        var source = await store.HeadAsync(_key, cancellation).ConfigureAwait(false);
        using var wrongKey = new CustomerKey(RandomNumberGenerator.GetBytes(CustomerKey.Length));
        using var wrongHeaders = new CustomerKeyHeaders(wrongKey);
        var upload = await store.StartUploadAsync(CopyKey, NoMetadata, cancellation).ConfigureAwait(false);
        try
        {
            // The wrong key first: where it is taken, the right one then replaces the part.
            var request = new CopyPartRequest
            {
                SourceBucket = _requests.Options.Bucket,
                SourceKey = _key,
                DestinationBucket = _requests.Options.Bucket,
                DestinationKey = CopyKey,
                UploadId = upload.UploadId,
                PartNumber = 1,
                FirstByte = 0,
                LastByte = Content.Length - 1,
            };
            _requests.Ring.WriterOf(_key).AddTo(request);
            wrongHeaders.AddAsSourceTo(request);
            var refusal = await TryAsync(token => _requests.Client.CopyPartAsync(request, token), cancellation).ConfigureAwait(false);

            await upload.CopyPartAsync(1, source, 0, source.Size, cancellation).ConfigureAwait(false);
            await upload.CompleteAsync(source.Size, WriteCondition.None, cancellation).ConfigureAwait(false);
            _requests.Capabilities.PartCopy = true;
            Add("copy of parts", ProbeResult.Good, "large files are renamed and changed in place by the service");
            Add("copy: source key checked", refusal is not null ? ProbeResult.Good : ProbeResult.Limited, refusal is not null
                ? "the service wants the source's key"
                : "the service copies parts without checking the source's key");
        }
        catch (FsException e)
        {
            await upload.AbortAsync().ConfigureAwait(false);
            _requests.Capabilities.PartCopy = false;
            Add("copy of parts", ProbeResult.Limited, $"does not work ({e.Message}): files pass through this machine to be renamed or changed");
        }
    }

    private async Task AskPutConditionsAsync(CancellationToken cancellation)
    {
        var there = await store.HeadAsync(_key, cancellation).ConfigureAwait(false);
        var isAbsentHonoured = await IsRefusedAsync(WriteCondition.Absent, cancellation).ConfigureAwait(false);
        var isMatchHonoured = await IsRefusedAsync(WriteCondition.Match(S3Removal.WrongETag), cancellation).ConfigureAwait(false);
        var isRightTaken = !(isAbsentHonoured && isMatchHonoured) || !await IsRefusedAsync(WriteCondition.Match(there.ETag), cancellation).ConfigureAwait(false);
        var isGood = isAbsentHonoured && isMatchHonoured && isRightTaken;
        Add("conditions on PUT", isGood ? ProbeResult.Good : ProbeResult.Limited, isGood
            ? "small files are never overwritten unseen"
            : "the service ignores If-Match or If-None-Match: two writers of one file may overwrite each other");

        async Task<bool> IsRefusedAsync(WriteCondition condition, CancellationToken token)
        {
            try
            {
                await store.PutAsync(_key, ObjectContent.Of(Content), NoMetadata, condition, token).ConfigureAwait(false);
                return false;
            }
            catch (FsException e) when (e.Reason is FsError.Exists or FsError.Conflict)
            {
                return true;
            }
        }
    }

    private async Task AskCompleteConditionsAsync(CancellationToken cancellation)
    {
        var upload = await store.StartUploadAsync(_key, NoMetadata, cancellation).ConfigureAwait(false);
        await upload.UploadPartAsync(1, ObjectContent.Of(Content), cancellation).ConfigureAwait(false);
        // Not through the upload, which would look by itself first.
        var refusal = await TryAsync(async token =>
        {
            var request = new CompleteMultipartUploadRequest
            {
                BucketName = _requests.Options.Bucket,
                Key = _key,
                UploadId = upload.UploadId,
                PartETags = (await _requests.Client.ListPartsAsync(_requests.Options.Bucket, _key, upload.UploadId, token).ConfigureAwait(false))
                    .Parts.ConvertAll(part => new PartETag(part.PartNumber ?? 1, part.ETag)),
                IfNoneMatch = "*",
            };
            _requests.Ring.WriterOf(_key).AddTo(request);
            return await _requests.Client.CompleteMultipartUploadAsync(request, token).ConfigureAwait(false);
        }, cancellation).ConfigureAwait(false);
        await upload.AbortAsync().ConfigureAwait(false);
        var isHonoured = refusal is { StatusCode: HttpStatusCode.PreconditionFailed };
        _requests.Capabilities.CompleteConditions = isHonoured;
        Add("conditions on completing", isHonoured ? ProbeResult.Good : ProbeResult.Limited, isHonoured
            ? "large files are never overwritten unseen"
            : "the service ignores conditions when a large upload completes: a look right before leaves a small window");
    }

    private async Task AskDeleteConditionsAsync(CancellationToken cancellation)
    {
        var refusal = await TryAsync(
            token => _requests.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _requests.Options.Bucket, Key = _key, IfMatch = S3Removal.WrongETag }, token), cancellation).ConfigureAwait(false);
        var isHonoured = refusal is { StatusCode: HttpStatusCode.PreconditionFailed };
        _requests.Capabilities.DeleteConditions = isHonoured;
        Add("conditions on DELETE", isHonoured ? ProbeResult.Good : ProbeResult.Limited, isHonoured
            ? "the service can delete one version and no other"
            : "the service ignores conditions on DELETE: what another writer stored in the same moment is removed as well");
    }

    /// <summary>One question whose failure makes a mount impossible.</summary>
    private async Task<bool> AskAsync(string name, string answer, Func<Task> ask)
    {
        try
        {
            await ask().ConfigureAwait(false);
            Add(name, ProbeResult.Good, answer);
            return true;
        }
        catch (FsException e)
        {
            Add(name, ProbeResult.Bad, e.Message, e.Reason);
            return false;
        }
    }

    /// <summary>The service's refusal; null if it did as asked.</summary>
    private async Task<AmazonS3Exception?> TryAsync<T>(Func<CancellationToken, Task<T>> send, CancellationToken cancellation)
    {
        try
        {
            var reply = await _requests.Retries.RunAsync("check", 0, (_, token) => send(token), cancellation).ConfigureAwait(false);
            (reply as IDisposable)?.Dispose();
            return null;
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception refusal)
        {
            return refusal;
        }
    }

    private async Task RemoveAsync()
    {
        foreach (var key in new[] { _key, PlainKey, CopyKey })
        {
            try
            {
                await store.DeleteAsync(key, null, CancellationToken.None).ConfigureAwait(false);
            }
            catch (FsException e)
            {
                StoreLog.ProbeLeft(_requests.Log, key, e.Message);
            }
        }
    }

    private void Add(string name, ProbeResult result, string detail, FsError? reason = null) => _rows.Add(new ProbeRow(name, result, detail, reason));

    private static string Describe(AmazonS3Exception refusal) => $"{(int)refusal.StatusCode} {refusal.ErrorCode}";
}
