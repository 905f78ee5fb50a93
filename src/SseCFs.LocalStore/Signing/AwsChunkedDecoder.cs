using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Signing;

/// <summary>Which of the two things an aws-chunked body has.</summary>
internal sealed record ChunkedMode(bool IsSigned, bool HasTrailer)
{
    public static ChunkedMode? Parse(string payload) => payload switch
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => new(true, false),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => new(true, true),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => new(false, true),
        _ => null,
    };
}

/// <summary>
/// Takes aws-chunked apart (size[;chunk-signature=...] CRLF data CRLF ... 0 CRLF [trailers] CRLF) and checks each chunk's
/// signature at its end. Source: "Signature calculations for the Authorization header: transferring payload in multiple chunks"
/// and "... including trailing headers" in the S3 API reference.
/// </summary>
internal sealed class AwsChunkedDecoder(ChunkedMode mode, Signed signed, long expectedLength) : IDisposable
{
    /// <summary>Bytes of a line (chunk header or trailer), far above any that are valid.</summary>
    private const int LongestLine = 1024;

    private static readonly string EmptyHash = Convert.ToHexStringLower(SHA256.HashData([]));

    private readonly IncrementalHash? _hash = mode.IsSigned ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private readonly Dictionary<string, string> _trailers = [];
    private readonly StringBuilder _signedTrailers = new();
    private string _previousSignature = signed.Signature;
    private string _chunkSignature = "";
    private string? _trailerSignature;
    private long _left;
    private long _total;
    private State _state = State.Header;

    private enum State
    {
        Header,
        Data,
        DataEnd,
        Trailer,
        Finished,
    }

    public bool Finished => _state == State.Finished;

    public IReadOnlyDictionary<string, string> Trailers => _trailers;

    /// <summary>Decodes what is there into the output; returns up to where the input is used up.</summary>
    public SequencePosition Decode(ReadOnlySequence<byte> input, Span<byte> output, out int written)
    {
        var reader = new SequenceReader<byte>(input);
        written = 0;
        while (_state != State.Finished)
        {
            if (_state == State.Data)
            {
                int n = (int)Math.Min(Math.Min(_left, output.Length - written), reader.Remaining);
                if (n == 0)
                    break;
                var target = output.Slice(written, n);
                reader.TryCopyTo(target);
                reader.Advance(n);
                _hash?.AppendData(target);
                written += n;
                _left -= n;
                if (_left == 0)
                    _state = State.DataEnd;
                continue;
            }
            if (!TryReadLine(ref reader, out string line))
                break;
            switch (_state)
            {
                case State.Header:
                    StartChunk(line);
                    break;
                case State.DataEnd:
                    if (line.Length != 0)
                        throw Malformed();
                    EndChunk();
                    _state = State.Header;
                    break;
                case State.Trailer:
                    ReadTrailer(line);
                    break;
            }
        }
        return reader.Position;
    }

    public void Dispose() => _hash?.Dispose();

    private void StartChunk(string line)
    {
        int semicolon = line.IndexOf(';');
        if (!long.TryParse(semicolon < 0 ? line : line.AsSpan(0, semicolon), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left) || _left < 0)
            throw Malformed();
        if (mode.IsSigned)
        {
            const string Name = "chunk-signature=";
            int at = line.IndexOf(Name, StringComparison.Ordinal);
            if (at < 0)
                throw Malformed();
            _chunkSignature = line[(at + Name.Length)..].Trim();
        }
        _total += _left;
        if (_total > expectedLength)
            throw Malformed();
        if (_left > 0)
        {
            _state = State.Data;
            return;
        }
        if (_total != expectedLength)
            throw new S3Exception(400, "IncompleteBody", "The request body terminated unexpectedly");
        EndChunk();
        _state = State.Trailer;
    }

    private void EndChunk()
    {
        if (_hash is null)
            return;
        Expect("AWS4-HMAC-SHA256-PAYLOAD", $"{EmptyHash}\n{Convert.ToHexStringLower(_hash.GetHashAndReset())}", _chunkSignature);
        _previousSignature = _chunkSignature;
    }

    private void ReadTrailer(string line)
    {
        if (line.Length > 0)
        {
            int colon = line.IndexOf(':');
            if (colon < 0)
                throw Malformed();
            string name = line[..colon].Trim().ToLowerInvariant(), value = line[(colon + 1)..].Trim();
            if (name == "x-amz-trailer-signature")
                _trailerSignature = value;
            else
            {
                _trailers[name] = value;
                _signedTrailers.Append(name).Append(':').Append(value).Append('\n');
            }
            return;
        }
        if (mode is { IsSigned: true, HasTrailer: true })
        {
            if (_trailerSignature is null)
                throw Malformed();
            Expect("AWS4-HMAC-SHA256-TRAILER", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_signedTrailers.ToString()))), _trailerSignature);
        }
        _state = State.Finished;
    }

    private void Expect(string kind, string hashes, string signature)
    {
        string toSign = $"{kind}\n{signed.Date}\n{signed.Scope}\n{_previousSignature}\n{hashes}";
        byte[] expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(signed.Key, Encoding.UTF8.GetBytes(toSign))));
        if (!CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature)))
            throw new S3Exception(403, "SignatureDoesNotMatch", "The signature of a chunk does not match the signature you provided.");
    }

    private static bool TryReadLine(ref SequenceReader<byte> reader, out string line)
    {
        line = "";
        if (!reader.TryReadTo(out ReadOnlySequence<byte> bytes, "\r\n"u8))
            return reader.Remaining > LongestLine ? throw Malformed() : false;
        if (bytes.Length > LongestLine)
            throw Malformed();
        line = Encoding.Latin1.GetString(bytes);
        return true;
    }

    private static S3Exception Malformed() => S3Exception.InvalidRequest("The aws-chunked body is malformed");
}
