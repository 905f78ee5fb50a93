using System.Runtime.CompilerServices;
using System.Text;

namespace SseCFs.Store;

/// <summary>Whole listings, page by page. What a service says must get on: one that repeats itself, or never has anything more to say, is not followed for ever.</summary>
public static class ObjectListing
{
    private const int PageSize = 1000;

    /// <summary>Services give pages without entries where much was deleted; so many in a row they do not.</summary>
    private const int MostEmptyPages = 1000;

    /// <summary>All pages of what begins with a prefix; see <see cref="IObjectStore.ListAsync"/>.</summary>
    /// <exception cref="FsException"><see cref="FsError.BadReply"/>: the listing does not get on, or is of something else.</exception>
    public static IAsyncEnumerable<ListPage> ListAllAsync(this IObjectStore store, string prefix, string? delimiter, CancellationToken cancellation) =>
        store.ListPagesAsync(prefix, delimiter, PageSize, cancellation);

    /// <summary>The first entries of what begins with a prefix: so many as wanted at least, or all there are.</summary>
    /// <exception cref="FsException"><see cref="FsError.BadReply"/>: the listing does not get on, or is of something else.</exception>
    public static async ValueTask<ListPage> ListFirstAsync(this IObjectStore store, string prefix, string? delimiter, int wanted, CancellationToken cancellation)
    {
        ListPage? first = null;
        await foreach (var page in store.ListPagesAsync(prefix, delimiter, wanted, cancellation).ConfigureAwait(false))
        {
            first = first is null ? page : new ListPage([.. first.Objects, .. page.Objects], [.. first.CommonPrefixes, .. page.CommonPrefixes], page.Continuation);
            if (first.Objects.Count + first.CommonPrefixes.Count >= wanted)
            {
                break;
            }
        }
        return first!;
    }

    private static async IAsyncEnumerable<ListPage> ListPagesAsync(
        this IObjectStore store, string prefix, string? delimiter, int size, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? continuation = null;
        byte[]? last = null;
        var empty = 0;
        do
        {
            var page = await store.ListAsync(prefix, delimiter, continuation, size, cancellation).ConfigureAwait(false);
            if (LastOf(page) is { } key)
            {
                // The order is that of the keys' bytes.
                var bytes = Encoding.UTF8.GetBytes(key);
                if (last is not null && bytes.AsSpan().SequenceCompareTo(last) <= 0)
                {
                    throw new FsException(FsError.BadReply, $"LIST {prefix}: the service repeats itself");
                }
                (last, empty) = (bytes, 0);
            }
            else if (++empty > MostEmptyPages)
            {
                throw new FsException(FsError.BadReply, $"LIST {prefix}: the service gives page after page with nothing in it");
            }
            yield return page;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    private static string? LastOf(ListPage page)
    {
        var (o, p) = (page.Objects.Count > 0 ? page.Objects[^1].Key : null, page.CommonPrefixes.Count > 0 ? page.CommonPrefixes[^1] : null);
        return o is null || p is null ? o ?? p : Encoding.UTF8.GetBytes(o).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(p)) > 0 ? o : p;
    }
}
