namespace SseCFs.Tool.Mounting;

/// <summary>A mount that this process serves. Disposing it unmounts. Thread-safe.</summary>
internal interface IServedMount : IAsyncDisposable
{
    /// <summary>Where, as messages name it.</summary>
    string Place { get; }

    /// <summary>Done when serving has ended: unmounted, by whomever, and every operation finished.</summary>
    Task Completion { get; }

    /// <summary>Takes it from where it is mounted; nothing to do if that has happened already.</summary>
    /// <param name="lazy">Also while files are open.</param>
    /// <exception cref="ToolException">It is in use, or may not be unmounted.</exception>
    void Unmount(bool lazy);
}
