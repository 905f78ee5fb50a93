using System.Reflection;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>Passes everything on to a file system. After a given operation has been done, each call that may send a request for names or attributes fails.</summary>
#pragma warning disable CA1852 // the proxy derives from it
internal class UnansweredFiles : DispatchProxy
#pragma warning restore CA1852
{
    private static readonly HashSet<string> Questions =
    [
        nameof(IFileSystem.LookupAsync),
        nameof(IFileSystem.LookupAttributesAsync),
        nameof(IFileSystem.FindNamesAsync),
        nameof(IFileSystem.GetAttributesAsync),
        nameof(IFileSystem.GetExtendedAttributeAsync),
        nameof(IFileSystem.ListExtendedAttributesAsync),
        nameof(IFileSystem.ReadLinkAsync),
    ];

    private IFileSystem _files = null!;
    private string? _last;

    /// <summary>How often the given operation was done.</summary>
    public int Done { get; private set; }

    public static (IFileSystem Files, UnansweredFiles Faults) Over(IFileSystem files)
    {
        var proxy = Create<IFileSystem, UnansweredFiles>();
        var faults = (UnansweredFiles)(object)proxy;
        faults._files = files;
        return (proxy, faults);
    }

    /// <param name="operation">The name of a method of <see cref="IFileSystem"/>; null: nothing fails.</param>
    public void FailAfter(string? operation) => (_last, Done) = (operation, 0);

    protected override object? Invoke(MethodInfo? method, object?[]? args)
    {
        if (Done > 0 && Questions.Contains(method!.Name))
        {
            throw new FsException(FsError.Unavailable, "as the test wants it");
        }
        var result = method!.Invoke(_files, BindingFlags.DoNotWrapExceptions, null, args, null);
        Done += method.Name == _last ? 1 : 0;
        return result;
    }
}
