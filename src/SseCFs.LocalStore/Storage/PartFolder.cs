namespace SseCFs.LocalStore.Storage;

/// <summary>
/// The folder with the parts of one upload. It goes when nobody needs it: its object was replaced or deleted, and the last
/// reader has let go. A crash before leaves a folder that no object names, which the next start removes. Thread-safe.
/// </summary>
internal sealed class PartFolder(string path)
{
    private readonly Lock _gate = new();
    private int _readers;
    private bool _deleted;

    public string Path { get; } = path;

    public string Id => System.IO.Path.GetFileName(Path);

    public void Acquire()
    {
        lock (_gate)
            _readers++;
    }

    public void Release()
    {
        lock (_gate)
        {
            _readers--;
            Remove();
        }
    }

    public void Delete()
    {
        lock (_gate)
        {
            _deleted = true;
            Remove();
        }
    }

    private void Remove()
    {
        if (_deleted && _readers == 0 && Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
