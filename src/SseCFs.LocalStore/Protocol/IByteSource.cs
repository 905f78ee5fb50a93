namespace SseCFs.LocalStore.Protocol;

/// <summary>Bytes that come one after the other: a request's body, or a range of a stored object. One reader.</summary>
internal interface IByteSource
{
    /// <summary>Reads up to the buffer's length; 0 only at the end, and only once everything about the bytes was verified.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);
}
