namespace SseCFs.Store;

/// <summary>Remembers multipart uploads under way, so that none stays in the bucket for ever if the process ends in the middle. Thread-safe.</summary>
public interface IUploadRegister
{
    /// <returns>To be disposed once the upload is completed or aborted.</returns>
    IDisposable Begin(string key, string uploadId);
}
