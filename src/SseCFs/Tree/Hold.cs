namespace SseCFs.Tree;

/// <summary>The gates of one or two directories, held until disposed; two are always taken in the order of their numbers.</summary>
internal readonly struct Hold : IDisposable
{
    private readonly Inode _first;
    private readonly Inode? _second;

    private Hold(Inode first, Inode? second)
    {
        _first = first;
        _second = second;
    }

    public static ValueTask<Hold> TakeAsync(Inode inode, CancellationToken cancellation) => TakeAsync(inode, inode, cancellation);

    public static async ValueTask<Hold> TakeAsync(Inode a, Inode b, CancellationToken cancellation)
    {
        var (first, second) = a.Number <= b.Number ? (a, b) : (b, a);
        await first.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        if (ReferenceEquals(first, second))
        {
            return new Hold(first, null);
        }
        try
        {
            await second.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            first.Gate.Release();
            throw;
        }
        return new Hold(first, second);
    }

    public void Dispose()
    {
        _second?.Gate.Release();
        _first.Gate.Release();
    }
}
