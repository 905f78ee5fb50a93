using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>getxattr(2) and its siblings.</summary>
internal static class ExtendedAttributeOperations
{
    public static async ValueTask Get(Request request)
    {
        var body = request.Body;
        var room = body.Read<GetXAttrIn>().Size;
        var name = body.ReadName();
        var value = await request.FileSystem
            .GetExtendedAttributeAsync(request.NodeId, name, request.Cancellation).ConfigureAwait(false);
        if (value is { } found)
        {
            ReplyValue(request, found, room);
        }
        else
        {
            request.ReplyError(Errno.ENODATA);
        }
    }

    public static async ValueTask List(Request request)
    {
        var room = request.Body.Read<GetXAttrIn>().Size;
        var names = await request.FileSystem
            .ListExtendedAttributesAsync(request.NodeId, request.Cancellation).ConfigureAwait(false);
        ReplyValue(request, names, room);
    }

    public static async ValueTask Set(Request request)
    {
        var body = request.Body;
        var argument = body.Read<SetXAttrIn>();
        var name = body.ReadName();
        var value = body.ReadBytes(argument.Size);
        var mode = argument.Flags switch
        {
            0 => ExtendedAttributeMode.CreateOrReplace,
            SetXAttrIn.Create => ExtendedAttributeMode.Create,
            SetXAttrIn.Replace => ExtendedAttributeMode.Replace,
            _ => (ExtendedAttributeMode?)null,
        };
        if (mode is null)
        {
            request.ReplyError(Errno.EINVAL);
            return;
        }
        await request.FileSystem
            .SetExtendedAttributeAsync(request.NodeId, name, value, mode.Value, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static async ValueTask Remove(Request request)
    {
        var name = request.Body.ReadName();
        await request.FileSystem
            .RemoveExtendedAttributeAsync(request.NodeId, name, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    /// <param name="room">0: the caller asks for the size only.</param>
    private static void ReplyValue(Request request, ReadOnlyMemory<byte> value, uint room)
    {
        if (room == 0)
        {
            request.Reply(new GetXAttrOut { Size = (uint)value.Length });
        }
        else if (value.Length > room)
        {
            request.ReplyError(Errno.ERANGE);
        }
        else
        {
            request.ReplyBytes(value);
        }
    }
}
