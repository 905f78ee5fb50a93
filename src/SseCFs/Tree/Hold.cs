namespace SseCFs.Tree;

/// <summary>
/// The gates of one or two inodes, held until disposed, with no directory move under way at or above them. Whoever waits here holds none of the two
/// meanwhile, so that the order in which others take them does not matter.
/// </summary>
internal readonly struct Hold : IDisposable
{
    private readonly Inode _first;
    private readonly Inode? _second;

    private Hold(Inode first, Inode? second)
    {
        _first = first;
        _second = second;
    }

    public static ValueTask<Hold> TakeAsync(Namespace names, Inode inode, CancellationToken cancellation) => TakeAsync(names, inode, inode, cancellation);

    public static async ValueTask<Hold> TakeAsync(Namespace names, Inode a, Inode b, CancellationToken cancellation)
    {
        for (; ; )
        {
            var held = await TakeBelowAsync(a, b, cancellation).ConfigureAwait(false);
            if ((names.MoveOf(a) ?? names.MoveOf(b)) is not { } move)
            {
                return held;
            }
            held.Dispose();
            await move.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The same of files in directories whose gates the caller holds: a move of these cannot go on before the caller is done, and must not be waited for.
    /// </summary>
    public static ValueTask<Hold> TakeBelowAsync(Inode a, Inode b, CancellationToken cancellation) =>
        TakeGatesAsync(a, ReferenceEquals(a, b) ? null : b, cancellation);

    public void Dispose()
    {
        _second?.Gate.Release();
        _first.Gate.Release();
    }

    private static async ValueTask<Hold> TakeGatesAsync(Inode first, Inode? second, CancellationToken cancellation)
    {
        for (; ; )
        {
            await first.Gate.WaitAsync(cancellation).ConfigureAwait(false);
#pragma warning disable RS0030 // a wait of no length does not block
            if (second is null || second.Gate.Wait(0, CancellationToken.None))
#pragma warning restore RS0030
            {
                return new Hold(first, second);
            }
            first.Gate.Release();
            (first, second) = (second, first);
        }
    }
}
