using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using SseCFs.LocalStore.Faults;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Signing;

/// <summary>
/// The body of a request as the client meant it: aws-chunked taken apart, its length and its signed hash verified
/// before the end is given.
/// </summary>
internal sealed class RequestBody : IByteSource, IDisposable
{
    private readonly PipeReader _pipe;
    private readonly BodyPacer _pacer;
    private readonly string? _sha256;
    private readonly IncrementalHash? _hash;
    private readonly AwsChunkedDecoder? _chunks;
    private bool _ended;

    public RequestBody(S3Request request, Signed signed, Dialect dialect, PipeReader pipe, BodyPacer pacer)
    {
        _pipe = pipe;
        _pacer = pacer;
        string payload = signed.Payload;
        if (payload.StartsWith("STREAMING-", StringComparison.Ordinal))
        {
            var mode = ChunkedMode.Parse(payload) ?? throw S3Exception.InvalidArgument("The x-amz-content-sha256 you specified is not supported.");
            if (mode.HasTrailer && dialect.Trailers == TrailerSupport.Refused)
                throw ContentHashMismatch();
            if (!long.TryParse(request.Header("x-amz-decoded-content-length"), out long decoded) || decoded < 0)
                throw new S3Exception(411, "MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.");
            Length = decoded;
            _chunks = new AwsChunkedDecoder(mode, signed, decoded);
        }
        else
        {
            Length = request.Http.Request.ContentLength ?? (request.Header("Transfer-Encoding") is null
                ? 0 : throw new S3Exception(411, "MissingContentLength", "You must provide the Content-Length HTTP header."));
            if (payload != SignatureV4.UnsignedPayload)
            {
                if (payload.Length != 64 || !payload.All(char.IsAsciiHexDigit))
                    throw S3Exception.InvalidArgument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value or a valid sha256 value.");
                _sha256 = payload.ToLowerInvariant();
                _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            }
        }
    }

    /// <summary>Bytes of content.</summary>
    public long Length { get; }

    /// <summary>Bytes that came over the wire so far, framing included.</summary>
    public long Received { get; private set; }

    /// <summary>The checksum trailers, by lower-case name; complete at the end.</summary>
    public IReadOnlyDictionary<string, string> Trailers => _chunks?.Trailers ?? new Dictionary<string, string>();

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (buffer.IsEmpty || _ended)
            return 0;
        if (!_pacer.IsIdle)
            buffer = buffer[..Math.Max(1, _pacer.Allow(buffer.Length))];
        while (true)
        {
            var result = await _pipe.ReadAsync(cancellation);
            var input = result.Buffer;
            int written;
            SequencePosition consumed;
            if (_chunks is null)
            {
                written = (int)Math.Min(input.Length, buffer.Length);
                input.Slice(0, written).CopyTo(buffer.Span);
                consumed = input.GetPosition(written);
                _hash?.AppendData(buffer.Span[..written]);
            }
            else
                consumed = Decode(_chunks, input, buffer.Span, out written);
            Received += input.Slice(0, consumed).Length;
            bool all = result.IsCompleted && input.Slice(consumed).IsEmpty;
            // Examined is the end only when nothing came out: then the decoder needs more to go on.
            _pipe.AdvanceTo(consumed, written > 0 ? consumed : input.End);
            if (written > 0)
            {
                if (!_pacer.IsIdle)
                    await _pacer.PassAsync(written, cancellation);
                return written;
            }
            if (all || _chunks is { Finished: true })
            {
                Finish();
                return 0;
            }
            if (result.IsCompleted)
                throw IncompleteBody();
        }
    }

    /// <summary>A body that is refused is given back to the server all the same: else it could not pass over the rest, and the connection would end with the answer.</summary>
    private SequencePosition Decode(AwsChunkedDecoder chunks, in ReadOnlySequence<byte> input, Span<byte> buffer, out int written)
    {
        try
        {
            return chunks.Decode(input, buffer, out written);
        }
        catch
        {
            _pipe.AdvanceTo(input.End);
            throw;
        }
    }

    private void Finish()
    {
        _ended = true;
        if (_chunks is { Finished: false })
            throw IncompleteBody();
        if (_hash is not null && Convert.ToHexStringLower(_hash.GetHashAndReset()) != _sha256)
            throw ContentHashMismatch();
    }

    public void Dispose()
    {
        _hash?.Dispose();
        _chunks?.Dispose();
    }

    private static S3Exception IncompleteBody() =>
        new(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header");

    private static S3Exception ContentHashMismatch() =>
        new(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
}
