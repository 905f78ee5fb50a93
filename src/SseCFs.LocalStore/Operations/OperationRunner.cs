using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Operations;

/// <summary>From an operation to the code that carries it out.</summary>
internal static class OperationRunner
{
    public static ValueTask<Reply> RunAsync(RequestContext context, CancellationToken cancellation) => context.Request.Operation switch
    {
        Operation.ListBuckets => new(BucketOperations.ListBuckets(context)),
        Operation.CreateBucket => BucketOperations.CreateAsync(context, cancellation),
        Operation.HeadBucket => new(BucketOperations.Head(context)),
        Operation.DeleteBucket => new(BucketOperations.Delete(context)),
        Operation.GetBucketLocation => new(BucketOperations.GetLocation(context)),
        Operation.GetBucketVersioning => new(BucketOperations.GetVersioning(context)),
        Operation.GetBucketAcl or Operation.GetObjectAcl => new(BucketOperations.GetAcl(context)),
        Operation.GetBucketPolicy => new(BucketOperations.GetPolicy(context)),
        Operation.GetBucketEncryption => new(BucketOperations.GetEncryption(context)),
        Operation.PutBucketEncryption => BucketOperations.PutEncryptionAsync(context, cancellation),
        Operation.DeleteBucketEncryption => new(BucketOperations.DeleteEncryption(context)),
        Operation.ListObjects => new(ListOperations.List(context, version2: false)),
        Operation.ListObjectsV2 => new(ListOperations.List(context, version2: true)),
        Operation.ListMultipartUploads => new(ListOperations.ListUploads(context)),
        Operation.DeleteObjects => WriteOperations.DeleteManyAsync(context, cancellation),
        Operation.GetObject => new(ReadOperations.Get(context)),
        Operation.HeadObject => new(ReadOperations.Head(context)),
        Operation.GetObjectAttributes => new(context.Dialect.OffersAttributes ? ReadOperations.GetAttributes(context) : ReadOperations.Get(context)),
        Operation.GetObjectTagging => new(ReadOperations.GetTagging(context)),
        Operation.PutObject => WriteOperations.PutAsync(context, cancellation),
        Operation.AppendObject => WriteOperations.AppendAsync(context, cancellation),
        Operation.CopyObject => CopyOperations.CopyAsync(context, cancellation),
        Operation.DeleteObject => new(WriteOperations.Delete(context)),
        Operation.CreateMultipartUpload => new(MultipartOperations.Create(context)),
        Operation.UploadPart => MultipartOperations.UploadPartAsync(context, cancellation),
        Operation.UploadPartCopy => MultipartOperations.CopyPartAsync(context, cancellation),
        Operation.ListParts => new(MultipartOperations.ListParts(context)),
        Operation.CompleteMultipartUpload => CompleteOperation.RunAsync(context, cancellation),
        Operation.AbortMultipartUpload => new(MultipartOperations.Abort(context)),
        _ => throw S3Exception.NotImplemented(context.Request.Method),
    };
}
