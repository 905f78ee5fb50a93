using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// The multipart upload of a file that is still being written: parts that the writer has left behind go out at once, and may then leave memory, so that
/// a file of any size needs neither room in memory nor a spill file. A part that is written to again is sent again at the end. Thread-safe; its lock is
/// taken before that of the staged content.
/// </summary>
/// <param name="storedInfo">The version under the staged content, whose unchanged start is copied; null if there is none.</param>
/// <param name="metadata">Fixed when the upload begins, as the protocol has it; without times, which are known only when it ends.</param>
/// <param name="largestPart">Bytes of the largest part; parts grow towards it, as their number is limited.</param>
/// <param name="ended">Called when it is completed, or abandoned and the service was told.</param>
#pragma warning disable CA1001 // the semaphore and the cancellation have neither a wait handle nor a timer, and so nothing but memory
internal sealed class StreamedUpload(
    IObjectStore store, string key, StagedContent staged, ObjectInfo? storedInfo, ObjectMetadata metadata, int partsAtOnce, long largestPart, Action<StreamedUpload> ended)
#pragma warning restore CA1001
{
    /// <summary>Parts until their size doubles.</summary>
    private const int PartsPerSize = 1000;

    /// <summary>Numbers kept for the rest of the file, which may then be cut into parts of any size.</summary>
    private const int NumbersKept = 1000;

    /// <summary>Until it is looked again whether the first part is on its way.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly List<SentPart> _parts = [];
    private readonly SemaphoreSlim _slots = new(partsAtOnce);
    private readonly CancellationTokenSource _stop = new();
    private Task _pump = Task.CompletedTask;
    private Task? _abandoned;
    private IMultipartUpload? _upload;
    private WrittenObject? _written;
    private bool _isPumping;
    private bool _isFinishing;
    private bool _isHandedOver;

    /// <summary>A request failed for good. The rest is spilled until the file is closed, which tries again and tells the error.</summary>
    private volatile bool _hasFailed;
    private volatile bool _hasDropped;

    public string Key => key;

    public ObjectMetadata Metadata => metadata;

    /// <summary>Some of the content is with the service alone, and cannot be read before the upload is completed.</summary>
    public bool HasDropped => _hasDropped;

    /// <summary>Nothing more goes out by it.</summary>
    public bool IsAbandoned
    {
        get
        {
            lock (_lock)
            {
                return _abandoned is not null;
            }
        }
    }

    /// <summary>It is another process' to complete.</summary>
    public bool IsHandedOver
    {
        get
        {
            lock (_lock)
            {
                return _isHandedOver;
            }
        }
    }

    /// <summary>The object is there.</summary>
    public bool IsCompleted
    {
        get
        {
            lock (_lock)
            {
                return _written is not null;
            }
        }
    }

    /// <summary>Up to where parts have gone out, or are going.</summary>
    public long End
    {
        get
        {
            lock (_lock)
            {
                return _parts.Count == 0 ? 0 : _parts[^1].Range.End;
            }
        }
    }

    /// <summary>Sends what has become a whole part meanwhile. Returns at once.</summary>
    public void Advance()
    {
        lock (_lock)
        {
            if (!_isPumping && CanSend() && NextPart() is not null)
            {
                _isPumping = true;
                _pump = Task.Run(PumpAsync, CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// Makes room in memory at a place of the file: drops its part if the service has it, else waits until it has.
    /// </summary>
    /// <returns>Whether there is more room now. Null: not unless it must be; programs come back to the start, as headers have sizes in them.</returns>
    public async ValueTask<bool?> TryFreeAsync(long offset, CancellationToken cancellation)
    {
        SentPart? part;
        Task? sending;
        lock (_lock)
        {
            if (_abandoned is not null || _isFinishing)
            {
                return false;
            }
            part = _parts.Find(sent => sent.Range.Start <= offset && offset < sent.Range.End);
            sending = part?.Sending ?? (_isPumping ? _parts.Find(sent => !sent.Sending.IsCompleted)?.Sending ?? Task.Delay(Pause, cancellation) : null);
        }
        if (sending is null)
        {
            return false;
        }
        await sending.WaitAsync(cancellation).ConfigureAwait(false);
        if (part is null)
        {
            return true;
        }
        if (!part.IsSent || part.Range.Copied)
        {
            return false;
        }
        if (part.Range.Start == 0)
        {
            return null;
        }
        lock (_lock)
        {
            if (_abandoned is not null || _isFinishing || _written is not null)
            {
                return false;
            }
            _hasDropped = true;
            if (staged.TryDrop(part.Range.Start, part.Range.End, part.Stamp))
            {
                part.IsDropped = true;
                return true;
            }
            _hasDropped = _parts.Exists(sent => sent.IsDropped);
            return false;
        }
    }

    /// <summary>Sends again what was written to again, then the rest, and completes. Writers must be held. After a failure it can be tried again.</summary>
    public async ValueTask<WrittenObject> FinishAsync(WriteCondition condition, CancellationToken cancellation)
    {
        Task pump;
        lock (_lock)
        {
            if (_written is { } done)
            {
                return done;
            }
            _isFinishing = true;
            pump = _pump;
        }
        try
        {
            await pump.WaitAsync(cancellation).ConfigureAwait(false);
            await Task.WhenAll(_parts.Select(part => part.Sending)).WaitAsync(cancellation).ConfigureAwait(false);
            _upload ??= await store.StartUploadAsync(key, metadata, cancellation).ConfigureAwait(false);
            await Parallel.ForEachAsync(
                _parts.Where(part => !part.IsSent || !staged.IsUnchangedSince(part.Range.Start, part.Range.End, part.Stamp)),
                new ParallelOptions { MaxDegreeOfParallelism = partsAtOnce, CancellationToken = cancellation },
                (part, token) => SendAsync(part, token)).ConfigureAwait(false);
            _hasFailed = false;
            var rest = UploadPart.Cut(staged, storedInfo, NextNumber, End).ToList();
            await Parallel.ForEachAsync(
                rest,
                new ParallelOptions { MaxDegreeOfParallelism = partsAtOnce, CancellationToken = cancellation },
                (part, token) => part.SendAsync(_upload, staged, storedInfo, token)).ConfigureAwait(false);
            _upload.LeaveOut(above: NextNumber - 1 + rest.Count);
            var written = await _upload.CompleteAsync(staged.Size, condition, cancellation).ConfigureAwait(false);
            SetWritten(written);
            return written;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && HasDropped)
        {
            throw new FsException(FsError.InputOutput, $"the service no longer has what was uploaded of {key}, and nor has this machine: write it again", e);
        }
        finally
        {
            lock (_lock)
            {
                _isFinishing = false;
            }
        }
    }

    /// <summary>Abandons it unless the content up to <paramref name="keep"/> is needed and was dropped.</summary>
    public bool TryAbandon(long keep = long.MaxValue)
    {
        lock (_lock)
        {
            if (_abandoned is null && _written is null && _parts.Exists(part => part.IsDropped && part.Range.Start < keep))
            {
                return false;
            }
            _ = AbandonAsync();
            return true;
        }
    }

    /// <summary>Nothing more is sent, and the service forgets what it has, although it may be dropped here.</summary>
    /// <returns>Ends when the service was told.</returns>
    public Task AbandonAsync()
    {
        lock (_lock)
        {
            _hasDropped = false;
            return _abandoned ??= _written is not null ? Task.CompletedTask : Task.Run(RemoveAsync, CancellationToken.None);
        }
    }

    /// <summary>
    /// Sends nothing more, and tells what another process needs to go on. Writers must be held. Once that is kept, call <see cref="HandOver"/>.
    /// </summary>
    public async ValueTask<UploadState> SuspendAsync()
    {
        lock (_lock)
        {
            _isFinishing = true;
        }
        await StopAsync().ConfigureAwait(false);
        return new UploadState
        {
            UploadId = _upload!.UploadId,
            User = new Dictionary<string, string>(metadata.User),
            ContentType = metadata.ContentType,
            Attempt = metadata.Attempt!.Id,
            KeyFingerprint = _upload.KeyFingerprint,
            ETags = new Dictionary<int, string>(_upload.Parts),
            Parts = _parts.ConvertAll(part => new PartState(
                part.Range.Number,
                part.Range.Start,
                part.Range.End,
                part.Step,
                part.Range.Copied,
                part.IsSent && staged.IsUnchangedSince(part.Range.Start, part.Range.End, part.Stamp),
                part.IsDropped)),
        };
    }

    /// <summary>It is another process' from now on.</summary>
    public void HandOver()
    {
        lock (_lock)
        {
            _isHandedOver = true;
            _abandoned = Task.CompletedTask;
        }
        _upload!.HandOver();
        ended(this);
    }

    /// <summary>Goes on with what another process suspended; the staged content is what it had then. Before anything else is done with it.</summary>
    public void Resume(UploadState state)
    {
        _upload = store.ResumeUpload(key, state.UploadId, metadata, state.ETags);
        foreach (var part in state.Parts)
        {
            _parts.Add(new SentPart(new UploadPart(part.Number, part.Start, part.End, part.IsCopied), part.Step)
            {
                Stamp = staged.Stamp,
                IsSent = part.IsSent,
                IsDropped = part.IsDropped && staged.TryDrop(part.Start, part.End, staged.Stamp),
            });
        }
        _hasDropped = _parts.Exists(part => part.IsDropped);
    }

    private void SetWritten(WrittenObject written)
    {
        lock (_lock)
        {
            _written = written;
            _hasDropped = false;
        }
        ended(this);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(false);
        await Task.WhenAll(_parts.Select(part => part.Sending)).ConfigureAwait(false);
    }

    private async Task RemoveAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_upload is not null)
        {
            await _upload.AbortAsync().ConfigureAwait(false);
        }
        ended(this);
    }

    private async Task PumpAsync()
    {
        try
        {
            _upload ??= await store.StartUploadAsync(key, metadata, _stop.Token).ConfigureAwait(false);
            for (; ; )
            {
                await _slots.WaitAsync(_stop.Token).ConfigureAwait(false);
                lock (_lock)
                {
                    if (!CanSend() || NextPart() is not { } part)
                    {
                        _slots.Release();
                        _isPumping = false;
                        return;
                    }
                    _parts.Add(part);
                    part.Sending = Task.Run(() => TrySendAsync(part), CancellationToken.None);
                }
            }
        }
        catch (Exception e) when (e is FsException or OperationCanceledException)
        {
            lock (_lock)
            {
                _hasFailed = true;
                _isPumping = false;
            }
        }
    }

    /// <summary>A part that is copied in many steps keeps as many numbers: written to, it is cut into them.</summary>
    private int NextNumber => _parts.Count == 0 ? 1 : _parts[^1].Range.Number + _parts[^1].Steps;

    private bool CanSend() => !_isFinishing && _abandoned is null && NextNumber < IObjectStore.MaximumParts - NumbersKept && !_hasFailed;

    /// <summary>The next part, if the writer is beyond it.</summary>
    private SentPart? NextPart()
    {
        var (number, start) = (NextNumber, _parts.Count == 0 ? 0 : _parts[^1].Range.End);
        var step = Math.Min(largestPart, (long)UploadPart.SmallestSize << (number / PartsPerSize));
        var limit = staged.Contiguous;
        return start + step <= limit ? new SentPart(UploadPart.At(staged, storedInfo, number, start, step, limit - (limit - start) % step), step) : null;
    }

    private async Task TrySendAsync(SentPart part)
    {
        try
        {
            await SendAsync(part, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FsException or OperationCanceledException)
        {
            _hasFailed = true;
        }
        finally
        {
            _slots.Release();
        }
    }

    private async ValueTask SendAsync(SentPart part, CancellationToken cancellation)
    {
        var stamp = staged.Stamp;
        var (number, start) = (part.Range.Number, part.Range.Start);
        while (start < part.Range.End)
        {
            var piece = UploadPart.At(staged, storedInfo, number++, start, part.Step, part.Range.End);
            await piece.SendAsync(_upload!, staged, storedInfo, cancellation).ConfigureAwait(false);
            start = piece.End;
        }
        part.Stamp = stamp;
        part.IsSent = true;
    }

    private sealed class SentPart(UploadPart range, long step)
    {
        public UploadPart Range { get; } = range;

        public long Step { get; } = step;

        public int Steps { get; } = (int)((range.End - range.Start) / step);

        /// <summary>Ends without an error, however it went.</summary>
        public Task Sending { get; set; } = Task.CompletedTask;

        /// <summary>Changes of the staged content after this one are not in what was sent.</summary>
        public long Stamp { get; set; }

        public volatile bool IsSent;
        public bool IsDropped;
    }
}
