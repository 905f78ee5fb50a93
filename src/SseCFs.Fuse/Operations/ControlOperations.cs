using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>What is about the connection and the whole file system.</summary>
internal static class ControlOperations
{
    public static ValueTask Init(Request request)
    {
        var session = request.Session;
        var offer = request.Body.Read<InitIn>();
        if (!Negotiation.IsSupported(offer))
        {
            session.Log.TooOld(offer.Major, offer.Minor, Negotiation.Major, Negotiation.OldestMinor);
            request.ReplyError(Errno.EPROTO);
            session.SetRefused(new FuseMountException(
                FuseMountFailure.KernelTooOld,
                $"the kernel speaks FUSE {offer.Major}.{offer.Minor}; {Negotiation.Major}.{Negotiation.OldestMinor} (Linux 5.2) or later is needed"));
            return ValueTask.CompletedTask;
        }
        var answer = Negotiation.Answer(offer, session.Settings.MaxWrite, out var agreed);
        request.Reply(answer);
        if (agreed.Major != 0)
        {
            session.Log.Serving(agreed.Major, agreed.Minor, (uint)agreed.Flags, agreed.MaxWrite);
            session.SetReady(agreed);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Nothing to do: serving ends when the kernel closes the connection, right after.</summary>
    public static ValueTask Destroy(Request request)
    {
        request.ReplyEmpty();
        return ValueTask.CompletedTask;
    }

    public static ValueTask Ignore(Request request) => ValueTask.CompletedTask;

    /// <summary>
    /// Cancels a request in flight if the signal behind it means that (see <see cref="PendingSignals"/>). One that is not known may have been read by another reader this very moment: EAGAIN
    /// makes the kernel send the interrupt again if, and only if, the request is still unanswered (fs/fuse/dev.c,
    /// fuse_dev_do_write). It comes back at once, so a repeated one is slowed down.
    /// </summary>
    public static ValueTask Interrupt(Request request)
    {
        var unique = request.Body.Read<InterruptIn>().Unique;
        if (request.Session.InFlight.WaiterOf(unique) is { } thread)
        {
            request.Session.Interruptions.Begin(unique, thread);
            return ValueTask.CompletedTask;
        }
        if (request.Session.IsRepeatedInterrupt(unique))
        {
            Thread.Sleep(1);
        }
        request.ReplyError(Errno.EAGAIN);
        return ValueTask.CompletedTask;
    }

    public static ValueTask Forget(Request request)
    {
        request.FileSystem.Forget(request.NodeId, request.Body.Read<ForgetIn>().LookupCount);
        return ValueTask.CompletedTask;
    }

    public static ValueTask BatchForget(Request request)
    {
        var body = request.Body;
        var count = body.Read<BatchForgetIn>().Count;
        for (var i = 0u; i < count; i++)
        {
            var one = body.Read<ForgetOne>();
            request.FileSystem.Forget(one.NodeId, one.LookupCount);
        }
        return ValueTask.CompletedTask;
    }

    public static ValueTask StatFs(Request request)
    {
        var capacity = request.FileSystem.GetCapacity();
        request.Reply(new StatFsOut
        {
            Blocks = capacity.Blocks,
            FreeBlocks = capacity.FreeBlocks,
            AvailableBlocks = capacity.FreeBlocks,
            Files = capacity.Files,
            FreeFiles = capacity.FreeFiles,
            BlockSize = capacity.BlockSize,
            NameLength = capacity.NameLength,
            FragmentSize = capacity.BlockSize,
        });
        return ValueTask.CompletedTask;
    }
}
