using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>While it lives, writers to the file wait at its gate, which the maker holds: the staged content stands still.</summary>
internal readonly struct WritersHeld : IDisposable
{
    private readonly FileInode _file;

    public WritersHeld(FileInode file)
    {
        _file = file;
        Set(true);
    }

    public void Dispose() => Set(false);

    private void Set(bool held)
    {
        lock (_file.Sync)
        {
            _file.IsUploading = held;
        }
    }
}
