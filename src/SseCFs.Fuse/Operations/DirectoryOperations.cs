using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>Open directories.</summary>
internal static class DirectoryOperations
{
    public static async ValueTask Open(Request request)
    {
        var handle = await request.FileSystem.OpenDirectoryAsync(request.NodeId, request.Cancellation).ConfigureAwait(false);
        if (!request.Reply(new OpenOut { Handle = handle }))
        {
            request.FileSystem.ReleaseDirectory(handle);
        }
    }

    public static ValueTask Read(Request request) => Read(request, withAttributes: false);

    public static ValueTask ReadPlus(Request request) => Read(request, withAttributes: true);

    public static async ValueTask Sync(Request request)
    {
        var handle = request.Body.Read<FSyncIn>().Handle;
        await request.FileSystem.SyncDirectoryAsync(handle, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static ValueTask Release(Request request)
    {
        request.FileSystem.ReleaseDirectory(request.Body.Read<ReleaseIn>().Handle);
        request.ReplyEmpty();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask Read(Request request, bool withAttributes)
    {
        var argument = request.Body.Read<ReadIn>();
        var reply = request.Directory;
        reply.Begin(argument.Size, withAttributes);
        try
        {
            try
            {
                await request.FileSystem
                    .ReadDirectoryAsync(argument.Handle, argument.Offset, withAttributes, reply, request.Cancellation)
                    .ConfigureAwait(false);
            }
            catch (Exception) when (reply.Length > 0)
            {
                // Entries that were taken are counted, so they are delivered; what failed fails again on the next read.
            }
            if (!request.ReplyBytes(reply.Written))
            {
                reply.ForgetAll(request.FileSystem);
            }
        }
        finally
        {
            reply.End();
        }
    }
}
