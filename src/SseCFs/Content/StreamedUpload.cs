using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// The multipart upload of a file that is still being written: parts that the writer has left behind go out at once,
/// and may then leave memory, so that a file of any size needs neither room in memory nor a spill file. A part that is
/// written to again is sent again at the end. Thread-safe; its lock is taken before that of the staged content.
/// </summary>
#pragma warning disable CA1001 // the semaphore and the cancellation have neither a wait handle nor a timer, and so nothing but memory
internal sealed class StreamedUpload
#pragma warning restore CA1001
{
    /// <summary>Until it is looked again whether the first part is on its way.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly IObjectStore _store;
    private readonly StagedContent _staged;
    private readonly Action<StreamedUpload> _ended;
    private readonly Lock _lock = new();
    private readonly SentParts _parts;
    private readonly UploadCompletion _completion;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _stop = new();
    private volatile ObjectInfo? _copiedFrom;
    private Task _pump = Task.CompletedTask;
    private volatile Task? _abandoned;
    private IMultipartUpload? _upload;
    private WrittenObject? _written;
    private bool _isPumping;
    private bool _isFinishing;
    private volatile bool _isHandedOver;

    /// <summary>A save in the journal names it, and is worth nothing without what the service has of it.</summary>
    private bool _isKept;

    /// <summary>A request failed for good. The rest is spilled until the file is closed, which tries again and tells the error.</summary>
    private volatile bool _hasFailed;
    private volatile bool _hasDropped;

    /// <param name="storedInfo">The version under the staged content, whose unchanged start is copied; null if there is none.</param>
    /// <param name="metadata">Fixed when the upload begins, as the protocol has it; without times, which are known only when it ends.</param>
    /// <param name="largestPart">Bytes of the largest part; parts grow towards it, as their number is limited.</param>
    /// <param name="ended">Called when it is completed, or abandoned and the service was told.</param>
    public StreamedUpload(
        IObjectStore store, string key, StagedContent staged, ObjectInfo? storedInfo, ObjectMetadata metadata, int partsAtOnce, long largestPart, Action<StreamedUpload> ended)
    {
        _store = store;
        _staged = staged;
        _ended = ended;
        _copiedFrom = storedInfo;
        Key = key;
        Metadata = metadata;
        _slots = new SemaphoreSlim(partsAtOnce);
        _parts = new SentParts(largestPart);
        _completion = new UploadCompletion(store, key, staged, _parts, metadata, partsAtOnce);
    }

    public string Key { get; }

    public ObjectMetadata Metadata { get; }

    /// <summary>Some of the content is with the service alone, and cannot be read before the upload is completed.</summary>
    public bool HasDropped => _hasDropped;

    /// <summary>Nothing more goes out by it.</summary>
    public bool IsAbandoned => _abandoned is not null;

    /// <summary>It is another process' to complete.</summary>
    public bool IsHandedOver => _isHandedOver;

    /// <summary>It was given up, as when the name of its file changed: what is written since may go by another one.</summary>
    public bool MayBeFollowed
    {
        get
        {
            lock (_lock)
            {
                return _abandoned is not null && !_isHandedOver && _written is null;
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
                return _parts.End;
            }
        }
    }

    /// <summary>Sends what has become a whole part meanwhile. Returns at once.</summary>
    public void Advance()
    {
        lock (_lock)
        {
            if (!_isPumping && CanSend() && _parts.Next(_staged, _copiedFrom) is not null)
            {
                _isPumping = true;
                _pump = Task.Run(PumpAsync, CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// Makes room in memory at a place of the file: drops its part if the service has it, else waits until it has.
    /// </summary>
    /// <returns>
    /// Whether there is more room now. Null: not unless it must be; programs come back to the start, as headers have sizes in them.
    /// </returns>
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
            part = _parts.At(offset);
            sending = part?.Sending ?? (_isPumping ? _parts.FirstSending ?? Task.Delay(Pause, cancellation) : null);
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
            if (_staged.TryDrop(part.Range.Start, part.Range.End, part.Stamp))
            {
                part.IsDropped = true;
                return true;
            }
            _hasDropped = _parts.HasDropped();
            return false;
        }
    }

    /// <summary>
    /// Sends again what was written to again, then the rest, and completes. Writers must be held. After a failure it
    /// can be tried again.
    /// </summary>
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
            await _parts.AllSent.WaitAsync(cancellation).ConfigureAwait(false);
            _upload ??= await _store.StartUploadAsync(Key, Metadata, cancellation).ConfigureAwait(false);
            _hasFailed = false;
            WrittenObject written;
            try
            {
                written = await _completion.CompleteAsync(_upload, _copiedFrom, condition, cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason == FsError.NotSupported && _copiedFrom is not null)
            {
                // The service cannot copy from that version: what it was to copy goes through here.
                _copiedFrom = null;
                written = await _completion.CompleteAsync(_upload, _copiedFrom, condition, cancellation).ConfigureAwait(false);
            }
            SetWritten(written);
            return written;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            if (await _completion.FindAsync(cancellation).ConfigureAwait(false) is { } done)
            {
                SetWritten(done);
                return done;
            }
            throw !HasDropped ? e : new FsException(FsError.InputOutput, $"the service no longer has what was uploaded of {Key}, and nor has this machine: write it again", e);
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
            if (_abandoned is null && _written is null && _parts.HasDropped(before: keep))
            {
                return false;
            }
            _ = AbandonAsync();
            return true;
        }
    }

    /// <summary>Changes the size of the content, with nothing sent meanwhile. Parts that reach beyond it are abandoned with their upload.</summary>
    /// <param name="resize">Takes the lock of the staged content.</param>
    /// <returns>False: nothing was done, since some of what would be left was dropped.</returns>
    public bool TryResize(long size, Action<long> resize, out bool isAbandoned)
    {
        lock (_lock)
        {
            isAbandoned = _parts.End > size;
            if (isAbandoned && !TryAbandon(keep: size))
            {
                isAbandoned = false;
                return false;
            }
            resize(size);
            return true;
        }
    }

    /// <summary>
    /// Nothing more is sent, and the service forgets what it has, although it may be dropped here; where a save names it, once that is gone.
    /// </summary>
    /// <returns>Ends when the service was told.</returns>
    public Task AbandonAsync()
    {
        lock (_lock)
        {
            _hasDropped = false;
            return _abandoned ??= _written is not null ? Task.CompletedTask
                : Task.Run(_isKept ? StopAsync : RemoveAsync, CancellationToken.None);
        }
    }

    /// <summary>The process ends. What a save names stays for the next one, whatever became of the file here.</summary>
    /// <returns>Ends when nothing is sent any more, and the service was told if it has to be.</returns>
    public Task EndAsync()
    {
        bool isKept;
        lock (_lock)
        {
            isKept = _isKept;
        }
        return isKept ? StopAsync() : AbandonAsync();
    }

    /// <summary>The save that names it is about to go, with no other in its place: from here on a crash leaves it to be aborted.</summary>
    public void TakeBack()
    {
        lock (_lock)
        {
            if (!_isKept || _written is not null)
            {
                return;
            }
        }
        _upload!.TakeBack();
    }

    /// <summary>The save that named it is gone. If it was abandoned before, the service is told now.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (_isKept && _abandoned is not null && _written is null)
            {
                _abandoned = Task.Run(RemoveAsync, CancellationToken.None);
            }
            _isKept = false;
        }
    }

    /// <summary>
    /// Sends nothing more, and tells what another process needs to go on. Writers must be held. Once that is kept, call
    /// <see cref="HandOver"/>.
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
            User = new Dictionary<string, string>(Metadata.User),
            ContentType = Metadata.ContentType,
            Attempt = Metadata.Attempt!.Id,
            KeyFingerprint = _upload.KeyFingerprint,
            MayBeCompletedOtherwise = _completion.MayBeOfOtherContent,
            ETags = new Dictionary<int, string>(_upload.Parts),
            Parts = _parts.ToState(_staged),
        };
    }

    /// <summary>A save names it: it is another process' from now on.</summary>
    public void HandOver()
    {
        lock (_lock)
        {
            _isHandedOver = true;
            _isKept = true;
            _abandoned = Task.CompletedTask;
        }
        _upload!.HandOver();
        _ended(this);
    }

    /// <summary>
    /// Goes on with what another process suspended; the staged content is what it had then. Before anything else is
    /// done with it. It stays that save's until <see cref="Release"/>.
    /// </summary>
    public void Resume(UploadState state)
    {
        _isKept = true;
        _upload = _store.ResumeUpload(Key, state.UploadId, Metadata, state.ETags);
        _parts.Resume(state.Parts, _staged);
        _completion.Resume(state.MayBeCompletedOtherwise);
        _hasDropped = _parts.HasDropped();
    }

    private void SetWritten(WrittenObject written)
    {
        lock (_lock)
        {
            _written = written;
            _hasDropped = false;
        }
        _ended(this);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(false);
        await _parts.AllSent.ConfigureAwait(false);
    }

    private async Task RemoveAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_upload is not null)
        {
            await _upload.AbortAsync().ConfigureAwait(false);
        }
        _ended(this);
    }

    private async Task PumpAsync()
    {
        try
        {
            _upload ??= await _store.StartUploadAsync(Key, Metadata, _stop.Token).ConfigureAwait(false);
            for (; ; )
            {
                await _slots.WaitAsync(_stop.Token).ConfigureAwait(false);
                lock (_lock)
                {
                    if (!CanSend() || _parts.Next(_staged, _copiedFrom) is not { } part)
                    {
                        _slots.Release();
                        _isPumping = false;
                        return;
                    }
                    // Numbers that an attempt to finish gave to what was the rest then.
                    _upload.LeaveOut(above: part.Range.Number - 1);
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

    private bool CanSend() => !_isFinishing && _abandoned is null && !_parts.IsFull && !_hasFailed;

    private async Task TrySendAsync(SentPart part)
    {
        try
        {
            await part.SendAsync(_upload!, _staged, _copiedFrom, _stop.Token).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotSupported)
        {
            // Not copied but sent, when all of the file is.
            _copiedFrom = null;
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
}
