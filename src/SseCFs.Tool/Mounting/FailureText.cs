using Amazon.S3;
using SseCFs.Contract;
using SseCFs.Fuse;
using SseCFs.WinFsp;

namespace SseCFs.Tool.Mounting;

/// <summary>What a failure is called towards a person: exit code and one line.</summary>
internal static class FailureText
{
    public static (ExitCode Code, string Message) Of(Exception exception) => exception switch
    {
        ToolException known => (known.Code, OneLine(known.Message)),
        FuseMountException mount => (Of(mount.Reason), OneLine(mount.Message + Advice(mount.Reason))),
        DriveMountException drive => (Of(drive.Reason), OneLine(drive.Message)),
        OperationCanceledException => (ExitCode.Interrupted, "interrupted"),
        // A redirect or a signature for another region has a status that other mistakes share.
        FsException { InnerException: AmazonS3Exception { ErrorCode: "AuthorizationHeaderMalformed" or "PermanentRedirect" } } region => (ExitCode.Refused, OneLine(region.Message)),
        FsException store => (Of(store.Reason), OneLine(store.Message)),
        _ => (ExitCode.Failed, OneLine($"{exception.GetType().Name}: {exception.Message}")),
    };

    public static ExitCode Of(FuseMountFailure reason) => reason switch
    {
        FuseMountFailure.DirectoryMissing or FuseMountFailure.NotADirectory or FuseMountFailure.DirectoryUnusable or FuseMountFailure.AlreadyMounted or
            FuseMountFailure.Busy or FuseMountFailure.NotPermitted or FuseMountFailure.NotMounted => ExitCode.Directory,
        FuseMountFailure.DeviceMissing or FuseMountFailure.FusermountMissing or FuseMountFailure.AllowOtherForbidden or
            FuseMountFailure.KernelTooOld => ExitCode.Fuse,
        FuseMountFailure.ConnectionLost or FuseMountFailure.Other => ExitCode.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    public static ExitCode Of(DriveMountFailure reason) => reason switch
    {
        DriveMountFailure.InUse or DriveMountFailure.NoPlace or DriveMountFailure.NotPermitted => ExitCode.Directory,
        DriveMountFailure.WinFspMissing => ExitCode.Fuse,
        DriveMountFailure.Other => ExitCode.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    public static ExitCode Of(FsError reason) => reason switch
    {
        FsError.Unavailable => ExitCode.Unreachable,
        FsError.AccessDenied => ExitCode.Refused,
        FsError.NotFound or FsError.Exists => ExitCode.Bucket,
        FsError.KeyUnknown or FsError.PlainRefused or FsError.NotEncrypted => ExitCode.Encryption,
        _ => ExitCode.Failed,
    };

    private static string Advice(FuseMountFailure reason) => reason switch
    {
        FuseMountFailure.DirectoryMissing => "; make it with mkdir",
        FuseMountFailure.AlreadyMounted => "; unmount it with ssecfs umount, or take another directory",
        FuseMountFailure.DirectoryUnusable => " (ssecfs umount does)",
        _ => "",
    };

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
