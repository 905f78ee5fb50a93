using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>What finds, makes, moves and removes names.</summary>
internal static class NameOperations
{
    /// <summary>Names that are not there are the most frequent failure of all, so that one is passed on without throwing it again.</summary>
    public static ValueTask Lookup(Request request)
    {
        var name = request.Body.ReadName();
        var lookup = request.FileSystem.LookupAsync(request.NodeId, name, request.Caller, request.Cancellation);
        // Asked once: it may complete between two questions.
        if (!lookup.IsCompleted)
        {
            return Await(request, lookup);
        }
        if (!lookup.IsCompletedSuccessfully)
        {
            return new ValueTask(lookup.AsTask());
        }
        ReplyEntry(request, lookup.Result);
        return ValueTask.CompletedTask;

        static async ValueTask Await(Request request, ValueTask<Entry> lookup) =>
            ReplyEntry(request, await lookup.ConfigureAwait(false));
    }

    public static async ValueTask MakeNode(Request request)
    {
        var body = request.Body;
        var node = body.Read<MkNodIn>();
        var name = body.ReadName();
        ReplyEntry(request, await request.FileSystem
            .MakeNodeAsync(request.NodeId, name, node.Mode, node.Device, request.Caller, request.Cancellation).ConfigureAwait(false));
    }

    public static async ValueTask MakeDirectory(Request request)
    {
        var body = request.Body;
        // mkdir(2) passes permission bits only, sticky included.
        var mode = (body.Read<MkDirIn>().Mode & FileType.PermissionMask) | FileType.Directory;
        var name = body.ReadName();
        ReplyEntry(request, await request.FileSystem
            .MakeDirectoryAsync(request.NodeId, name, mode, request.Caller, request.Cancellation).ConfigureAwait(false));
    }

    public static async ValueTask MakeSymbolicLink(Request request)
    {
        var body = request.Body;
        var name = body.ReadName();
        var target = body.ReadName();
        ReplyEntry(request, await request.FileSystem
            .MakeSymbolicLinkAsync(request.NodeId, name, target, request.Caller, request.Cancellation).ConfigureAwait(false));
    }

    public static async ValueTask ReadLink(Request request)
    {
        var target = await request.FileSystem.ReadLinkAsync(request.NodeId, request.Cancellation).ConfigureAwait(false);
        request.ReplyBytes(target);
    }

    public static async ValueTask Unlink(Request request)
    {
        var name = request.Body.ReadName();
        await request.FileSystem.UnlinkAsync(request.NodeId, name, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static async ValueTask RemoveDirectory(Request request)
    {
        var name = request.Body.ReadName();
        await request.FileSystem.RemoveDirectoryAsync(request.NodeId, name, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static ValueTask Rename(Request request)
    {
        var body = request.Body;
        var newParent = body.Read<RenameIn>().NewParent;
        return Rename(request, newParent, 0, body);
    }

    public static ValueTask Rename2(Request request)
    {
        var body = request.Body;
        var argument = body.Read<Rename2In>();
        return Rename(request, argument.NewParent, argument.Flags, body);
    }

    /// <summary>Sends an entry; the lookup it counts is taken back if the kernel did not get it.</summary>
    public static void ReplyEntry(Request request, in Entry entry)
    {
        var inode = entry.Attributes.Inode;
        if (!request.Reply(EntryOut.From(entry)) && inode != 0)
        {
            request.FileSystem.Forget(inode, 1);
        }
    }

    private static ValueTask Rename(Request request, ulong newParent, uint flags, FrameReader names)
    {
        const uint Known = (uint)(RenameFlags.NoReplace | RenameFlags.Exchange);
        var name = names.ReadName();
        var newName = names.ReadName();
        if ((flags & ~Known) != 0)
        {
            // RENAME_WHITEOUT is of use to overlay file systems only; rename(2) names EINVAL.
            request.ReplyError(Errno.EINVAL);
            return ValueTask.CompletedTask;
        }
        return Await(request, name, newParent, newName, (RenameFlags)flags);

        static async ValueTask Await(
            Request request, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameFlags flags)
        {
            await request.FileSystem
                .RenameAsync(request.NodeId, name, newParent, newName, flags, request.Cancellation).ConfigureAwait(false);
            request.ReplyEmpty();
        }
    }
}
