namespace SseCFs.LocalStore.Protocol;

/// <summary>
/// An answer before it is sent, so that a fault can lose, cut or garble it and no handler needs to know.
/// Header values are in Latin-1: one character is one byte on the wire.
/// </summary>
internal sealed class Reply(int status) : IDisposable
{
    public int Status { get; } = status;

    public List<(string Name, string Value)> Headers { get; } = [];

    /// <summary>A document, sent as application/xml.</summary>
    public ReadOnlyMemory<byte> Document { get; init; }

    /// <summary>An object's content, disposed with the reply.</summary>
    public IByteSource? Content { get; init; }

    /// <summary>Bytes of <see cref="Content"/>; for HEAD, of what GET would send.</summary>
    public long ContentLength { get; init; }

    /// <summary>True for HEAD: the length is told, nothing is sent.</summary>
    public bool HeaderOnly { get; init; }

    public Reply With(string name, string? value)
    {
        if (value is not null)
            Headers.Add((name, value));
        return this;
    }

    public static Reply Xml(ReadOnlyMemory<byte> document) => new(200) { Document = document };

    public static Reply Empty(int status = 200) => new(status);

    public void Dispose() => (Content as IDisposable)?.Dispose();
}
