using Amazon.S3;
using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tool.Logging;
using SseCFs.Upkeep;

namespace SseCFs.Tool.Mounting;

/// <summary>The keys of a mount: loaded and tried before it serves, and again whenever that is asked for while it serves. Thread-safe.</summary>
internal sealed class MountKeys(MountSettings settings, IAmazonS3 client, StoreOptions options, ILoggerFactory logs) : IDisposable
{
    private readonly KeySources _sources = new(settings.Key);
    private readonly ILogger _log = logs.CreateLogger("mount");
    private readonly SemaphoreSlim _reloading = new(1);

    /// <summary>As they are now.</summary>
    public KeyRing Ring { get; private set; } = null!;

    /// <exception cref="ToolException">A key cannot be had.</exception>
    public async Task LoadAsync(CancellationToken cancellation) => Ring = await _sources.LoadAsync(cancellation).ConfigureAwait(false);

    /// <summary>What would otherwise come out with the first files: wrong credentials, no such bucket, another key, no SSE-C.</summary>
    /// <exception cref="ToolException">With what to do.</exception>
    public async Task TryAsync(CancellationToken cancellation)
    {
        var (store, sample) = await LookAsync(Ring, cancellation).ConfigureAwait(false);
        if (sample.Readable == 0 && !settings.IsReadOnly)
        {
            await ProveWritableAsync(store, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Asks the sources again. Keys that open nothing, or that cannot be had, change nothing.</summary>
    /// <returns>The new keys, for messages.</returns>
    /// <exception cref="ToolException">With what to do; the keys stay as they were.</exception>
    public async Task<string> ReloadAsync(S3ObjectStore store, ChangeJournal? journal, SseFileSystem fileSystem, CancellationToken cancellation)
    {
        await _reloading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var ring = await _sources.LoadAsync(cancellation).ConfigureAwait(false);
            try
            {
                await LookAsync(ring, cancellation).ConfigureAwait(false);
                // First what is kept on disk: it must be open to whoever mounts with these keys next.
                journal?.ReplaceKeys(ring);
            }
            catch
            {
                ring.Dispose();
                throw;
            }
            store.ReplaceKeys(ring);
            fileSystem.ForgetUnreadable();
            Ring.Dispose();
            Ring = ring;
            MountLog.KeysReloaded(_log, ring.Description, ring.Writer.Fingerprint);
            return ring.Description;
        }
        finally
        {
            _reloading.Release();
        }
    }

    public void Dispose()
    {
        // Not loaded, perhaps.
        Ring?.Dispose();
        _reloading.Dispose();
    }

    private async Task<(S3ObjectStore Store, KeySample Sample)> LookAsync(KeyRing ring, CancellationToken cancellation)
    {
        // Not disposed of: the client is not this store's alone.
        var store = new S3ObjectStore(client, ServiceConnection.ForFirstAnswer(options, settings.Service), ring, TimeProvider.System, logs.CreateLogger<S3ObjectStore>());
        var sample = await ServiceConnection.AskAsync(
            () => KeySample.TakeAsync(store, settings.Bucket.Prefix, cancellation), ServiceConnection.NameOf(client)).ConfigureAwait(false);
        if (sample is { Readable: 0, Unreadable: > 0 })
        {
            CheckUnreadable(ring, sample);
        }
        return (store, sample);
    }

    private void CheckUnreadable(KeyRing ring, KeySample sample)
    {
        if (!settings.AllowUnreadable)
        {
            throw new ToolException(
                ExitCode.Encryption,
                $"none of the {sample.Unreadable} encrypted objects looked at in {settings.Bucket}, such as {sample.Example}, opens with {ring.Description}; "
                + "give the key they were written with, or --allow-unreadable to mount all the same");
        }
        MountLog.Unreadable(_log, sample.Unreadable, ring.Description);
    }

    private async Task ProveWritableAsync(S3ObjectStore store, CancellationToken cancellation)
    {
        try
        {
            await WriteProof.GiveAsync(store, settings.Bucket.Prefix, cancellation).ConfigureAwait(false);
        }
        catch (FsException refusal) when (refusal.Reason is not (FsError.Unavailable or FsError.NoSpace))
        {
            throw new ToolException(
                ExitCode.Encryption,
                $"{settings.Bucket.Bucket} takes no encrypted objects ({refusal.Message}); ssecfs check says more, and --read-only mounts without writing",
                refusal);
        }
    }
}
