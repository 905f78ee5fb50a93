using System.Collections.Concurrent;

namespace SseCFs.WinFsp.Session;

/// <summary>What a read or write needs while it is under way. One request at a time.</summary>
internal sealed class DriveRequest
{
    public ReadSegments Segments { get; } = new();

    public NativeMemory Memory { get; } = new();

    /// <summary>Copies what was read into the driver's buffer, which has room for all that was asked for.</summary>
    public unsafe uint CopyTo(nint buffer)
    {
        var target = (byte*)buffer;
        for (var i = 0; i < Segments.Count; i++)
        {
            var source = Segments[i].Span;
            source.CopyTo(new Span<byte>(target, source.Length));
            target += source.Length;
        }
        return (uint)Segments.Length;
    }
}

/// <summary>Reuses them, so that reads from memory allocate nothing. Thread-safe.</summary>
internal sealed class RequestPool
{
    private readonly ConcurrentBag<DriveRequest> _free = [];

    public DriveRequest Rent() => _free.TryTake(out var request) ? request : new DriveRequest();

    public void Return(DriveRequest request)
    {
        request.Segments.Release();
        _free.Add(request);
    }
}
