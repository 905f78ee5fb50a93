namespace SseCFs.Store.S3;

/// <summary>
/// Slices of memory as the seekable stream that the SDK takes for a body. What is sent does not pass through it (see <see cref="SliceContent"/>);
/// it is read for the payload's hash over plain HTTP. Not thread-safe.
/// </summary>
/// <param name="sent">Told the bytes that have left, as they leave.</param>
internal sealed class SliceStream(IReadOnlyList<ReadOnlyMemory<byte>> slices, long length, Action<int> sent) : Stream
{
    private int _slice;
    private int _offset;
    private long _position;

    public IReadOnlyList<ReadOnlyMemory<byte>> Slices => slices;

    public Action<int> Sent => sent;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (buffer.Length > 0 && _slice < slices.Count)
        {
            var rest = slices[_slice].Span[_offset..];
            var count = Math.Min(rest.Length, buffer.Length);
            rest[..count].CopyTo(buffer);
            buffer = buffer[count..];
            total += count;
            _offset += count;
            if (_offset == slices[_slice].Length)
            {
                _slice++;
                _offset = 0;
            }
        }
        _position += total;
        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override long Seek(long offset, SeekOrigin origin)
    {
        var target = origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => _position + offset, _ => length + offset };
        ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target, length, nameof(offset));
        _position = target;
        _slice = 0;
        while (_slice < slices.Count && target >= slices[_slice].Length)
        {
            target -= slices[_slice++].Length;
        }
        _offset = (int)target;
        return _position;
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
