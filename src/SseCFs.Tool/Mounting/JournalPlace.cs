using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Tool.CommandLine;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Mounting;

/// <summary>Where the journal of a mount is, and whose.</summary>
internal static class JournalPlace
{
    /// <summary>Beside what else programs keep between runs; null if this user has no such place.</summary>
    private static string? Default() => Folders.State(ofRoot: "/var/lib/ssecfs") is { } state ? Path.Combine(state, "journal") : null;

    /// <exception cref="ToolException">None is named, and this user has no place for one.</exception>
    public static string Find(string? directory) => directory ?? Default()
        ?? throw new ToolException(ExitCode.Usage, "HOME is not set, so there is no place for the journal: name one with --journal DIR");

    /// <summary>The uploads that mounts of a bucket, or of folders in it, need: running ones, and ended ones that left something to be stored.</summary>
    /// <param name="ring">Null: no key is known.</param>
    public static NamedUploads UploadsOf(string? directory, string bucket, KeyRing? ring)
    {
        var source = new BucketUrl(bucket, "").ToString();
        // A service has several names: of whichever the journal is.
        return NamedUploads.Read(
            directory ?? Default() ?? "", one => one.StartsWith(source + " ", StringComparison.Ordinal) || one.StartsWith(source + "/", StringComparison.Ordinal), ring);
    }

    /// <summary>Opens it. Where it was not asked for, a mount goes on without one, and says so.</summary>
    /// <exception cref="ToolException">It was asked for and cannot be used.</exception>
    public static ChangeJournal? Open(string? directory, bool isWriteBack, BucketUrl bucket, string endpoint, KeyRing ring, ILogger log)
    {
        var isAskedFor = isWriteBack || directory is not null;
        if ((isAskedFor ? Find(directory) : Default()) is not { } place)
        {
            return null;
        }
        try
        {
            return ChangeJournal.Open(place, $"{bucket} at {endpoint.TrimEnd('/')}", ring, isWriteBack, log);
        }
        catch (FsException e) when (!isAskedFor)
        {
            MountLog.NoJournal(log, e.Message);
            return null;
        }
        catch (FsException e)
        {
            throw new ToolException(ExitCode.Failed, $"{e.Message}; name another place with --journal DIR", e);
        }
    }
}
