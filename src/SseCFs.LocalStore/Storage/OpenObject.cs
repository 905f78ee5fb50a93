using Microsoft.Win32.SafeHandles;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Storage;

/// <summary>A version of an object held open: its files stay until this is disposed. One reader.</summary>
internal sealed class OpenObject(StoredObject stored, SafeFileHandle? file, PartFolder? folder) : IDisposable
{
    private readonly SafeFileHandle? _file = file;
    private readonly PartFolder? _folder = folder;
    private bool _disposed;

    public StoredObject Stored { get; } = stored;

    /// <summary>A range of the content, which takes this object over and disposes it. The range must lie within the object.</summary>
    public IByteSource Range(long offset, long length, EncryptionKey? key) => new Source(this, offset, length, key);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _file?.Dispose();
        _folder?.Release();
    }

    private sealed class Source(OpenObject owner, long offset, long length, EncryptionKey? key) : IByteSource, IDisposable
    {
        private readonly IReadOnlyList<StoredPart> _parts = owner.Stored.Parts;
        private PayloadReader? _reader;
        private int _part;
        private long _partStart;
        private long _offset = offset;
        private long _left = length;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            int done = 0;
            while (_left > 0 && done < buffer.Length)
            {
                long inPart = SeekPart();
                int n = (int)Math.Min(Math.Min(_left, buffer.Length - done), inPart);
                _reader!.Read(_offset - _partStart, buffer.Span.Slice(done, n));
                done += n;
                _offset += n;
                _left -= n;
            }
            return ValueTask.FromResult(done);
        }

        public void Dispose()
        {
            _reader?.Dispose();
            owner.Dispose();
        }

        /// <summary>Opens the part that holds the offset; returns how many bytes it has from there.</summary>
        private long SeekPart()
        {
            if (_parts.Count == 0)
            {
                _reader ??= new PayloadReader(owner._file!, owner.Stored.Size, owner.Stored.Seal.Open(key));
                return owner.Stored.Size - _offset;
            }
            while (_offset >= _partStart + _parts[_part].Size)
            {
                _partStart += _parts[_part++].Size;
                _reader?.Dispose();
                _reader = null;
            }
            var part = _parts[_part];
            _reader ??= new PayloadReader(
                File.OpenHandle(Path.Combine(owner._folder!.Path, part.File), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete),
                part.Size, part.Seal.Open(key));
            return _partStart + part.Size - _offset;
        }

    }
}
