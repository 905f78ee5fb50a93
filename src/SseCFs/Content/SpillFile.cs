using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.Content;

/// <summary>
/// Staged chunks that found no room in memory, on disk: AES-256-GCM under a key of this mount alone that is never
/// stored. The file is unlinked as soon as it is open, so nothing remains however the process ends. Thread-safe; a full
/// disk is <see cref="FsError.NoSpace"/>.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    private const int TagSize = 16;
    private const int SlotSize = Block.Size + TagSize;

    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = [];
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(32, pinned: true);
    private readonly AesGcm _aes;
    private SafeFileHandle? _file;
    private int _slots;
    private long _writes;

    /// <param name="directory">Where the file is made on first use.</param>
    public SpillFile(string directory)
    {
        _directory = directory;
        RandomNumberGenerator.Fill(_key);
        _aes = new AesGcm(_key, TagSize);
    }

    /// <summary>Writes a chunk of up to <see cref="Block.Size"/> bytes.</summary>
    /// <returns>What <see cref="ReadAsync"/> needs to get it back.</returns>
    public async ValueTask<SpillPlace> WriteAsync(ReadOnlyMemory<byte> plain, CancellationToken cancellation)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(plain.Length + TagSize);
        var tried = new List<int>();
        try
        {
            var write = Interlocked.Increment(ref _writes);
            Encrypt(write, plain.Span, buffer);
            for (; ; )
            {
                var (file, slot) = TakeSlot();
                tried.Add(slot);
                try
                {
                    await RandomAccess.WriteAsync(file, buffer.AsMemory(0, plain.Length + TagSize), (long)slot * SlotSize, cancellation).ConfigureAwait(false);
                    tried.Remove(slot);
                    return new SpillPlace(slot, plain.Length, write);
                }
                catch (IOException) when (HasFreeSlot)
                {
                    // A chunk that was shorter lay there, or none yet. Others that are free may have their room on disk.
                }
            }
        }
        catch (IOException e)
        {
            throw new FsException(FsError.NoSpace, $"staged data cannot be written to {_directory}: {e.Message}", e);
        }
        finally
        {
            Free(tried);
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a whole chunk back into the start of <paramref name="plain"/>.</summary>
    public async ValueTask ReadAsync(SpillPlace place, Memory<byte> plain, CancellationToken cancellation)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(place.Length + TagSize);
        try
        {
            var read = await RandomAccess.ReadAsync(_file!, buffer.AsMemory(0, place.Length + TagSize), (long)place.Slot * SlotSize, cancellation).ConfigureAwait(false);
            if (read != place.Length + TagSize)
            {
                throw new FsException(FsError.InputOutput, $"the spill file in {_directory} is shorter than it was written");
            }
            Span<byte> nonce = stackalloc byte[12];
            FillNonce(nonce, place.Write);
            lock (_aes)
            {
                _aes.Decrypt(nonce, buffer.AsSpan(0, place.Length), buffer.AsSpan(place.Length, TagSize), plain.Span[..place.Length]);
            }
        }
        catch (CryptographicException e)
        {
            throw new FsException(FsError.InputOutput, $"the spill file in {_directory} was changed behind our back", e);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Free(SpillPlace place) => Free([place.Slot]);

    private bool HasFreeSlot
    {
        get
        {
            lock (_lock)
            {
                return _free.Count > 0;
            }
        }
    }

    private (SafeFileHandle File, int Slot) TakeSlot()
    {
        lock (_lock)
        {
            return (_file ??= Open(), _free.Count > 0 ? _free.Pop() : _slots++);
        }
    }

    private void Free(List<int> slots)
    {
        lock (_lock)
        {
            foreach (var slot in slots)
            {
                _free.Push(slot);
            }
            if (slots.Count > 0 && _free.Count == _slots)
            {
                // Nothing is staged on disk any more: give the disk back.
                _free.Clear();
                _slots = 0;
                RandomAccess.SetLength(_file!, 0);
            }
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    private void Encrypt(long write, ReadOnlySpan<byte> plain, Span<byte> encrypted)
    {
        Span<byte> nonce = stackalloc byte[12];
        FillNonce(nonce, write);
        lock (_aes)
        {
            _aes.Encrypt(nonce, plain, encrypted[..plain.Length], encrypted.Slice(plain.Length, TagSize));
        }
    }

    // A counter never repeats under one key, and the key lives as long as the counter does.
    private static void FillNonce(Span<byte> nonce, long write)
    {
        nonce.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(nonce, write);
    }

    private SafeFileHandle Open()
    {
        var path = Path.Combine(_directory, $"ssecfs-spill-{Path.GetRandomFileName()}");
        try
        {
            Directory.CreateDirectory(_directory);
            var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                File.Delete(path);
            }
            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FsException(FsError.NoSpace, $"no spill file can be made in {_directory}: {e.Message}", e);
        }
    }
}

/// <summary>Where a spilled chunk lies. Write numbers the encryptions and is the nonce.</summary>
internal readonly record struct SpillPlace(int Slot, int Length, long Write);
