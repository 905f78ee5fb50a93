using System.Buffers;
using Microsoft.AspNetCore.Http;
using SseCFs.LocalStore.Faults;

namespace SseCFs.LocalStore.Protocol;

/// <summary>Puts a reply on the wire, with the faults that are to strike it.</summary>
internal static class ReplySender
{
    private const int BufferSize = 512 << 10;

    /// <returns>Bytes of body sent.</returns>
    public static async ValueTask<long> SendAsync(HttpContext http, Reply reply, FaultPlan faults, bool isHead, CancellationToken cancellation)
    {
        var response = http.Response;
        response.StatusCode = reply.Status;
        foreach (var (name, value) in reply.Headers)
            response.Headers[name] = value;
        var document = faults.GarblesDocument && !reply.Document.IsEmpty ? Garble(reply.Document) : reply.Document;
        if (!document.IsEmpty)
            response.ContentType = "application/xml";
        bool hasContent = reply.Content is not null || reply.HeaderOnly;
        if (reply.Status is not (204 or 304))
            response.ContentLength = hasContent ? reply.ContentLength : document.Length;
        if (isHead || reply.HeaderOnly)
            return 0;
        bool isUpload = http.Request.Method is "PUT" or "POST";
        var pacer = new BodyPacer(faults.Rate, isUpload ? null : faults.CutAfter);
        if (!pacer.IsIdle)
            await response.StartAsync(cancellation);
        return reply.Content is { } content
            ? await SendContentAsync(response, content, pacer, cancellation)
            : await SendBytesAsync(response, document, pacer, cancellation);
    }

    private static async ValueTask<long> SendContentAsync(HttpResponse response, IByteSource content, BodyPacer pacer, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        long sent = 0;
        try
        {
            int n;
            while ((n = await content.ReadAsync(buffer.AsMemory(0, BufferSize), cancellation)) > 0)
                sent += await SendBytesAsync(response, buffer.AsMemory(0, n), pacer, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
        return sent;
    }

    private static async ValueTask<long> SendBytesAsync(HttpResponse response, ReadOnlyMemory<byte> bytes, BodyPacer pacer, CancellationToken cancellation)
    {
        long sent = bytes.Length;
        if (pacer.IsIdle)
        {
            if (!bytes.IsEmpty)
                await response.Body.WriteAsync(bytes, cancellation);
            return sent;
        }
        while (!bytes.IsEmpty)
        {
            int n = pacer.Allow(bytes.Length);
            await response.Body.WriteAsync(bytes[..n], cancellation);
            await response.Body.FlushAsync(cancellation);
            await pacer.PassAsync(n, cancellation);
            bytes = bytes[n..];
        }
        return sent;
    }

    private static byte[] Garble(ReadOnlyMemory<byte> document) => [.. document.Span[..(document.Length / 2)], .. "<<&\0 no document"u8];
}
