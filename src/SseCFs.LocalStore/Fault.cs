using System.Globalization;
using System.IO.Enumeration;

namespace SseCFs.LocalStore;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>503 SlowDown, nothing done.</summary>
    SlowDown,

    /// <summary>500 InternalError, nothing done.</summary>
    InternalError,

    /// <summary>403 AccessDenied, nothing done.</summary>
    AccessDenied,

    /// <summary>The request waits for <see cref="Fault.Amount"/> milliseconds.</summary>
    Latency,

    /// <summary>Bodies move at <see cref="Fault.Amount"/> bytes a second.</summary>
    Rate,

    /// <summary>The connection ends after <see cref="Fault.Amount"/> bytes of the body: the request's of PUT and POST, else the reply's.</summary>
    Cut,

    /// <summary>The request is carried out, and the connection ends without a reply.</summary>
    LostReply,

    /// <summary>An SSE-C write is stored as plaintext, and the reply names no encryption.</summary>
    NoEcho,

    /// <summary>A reply's XML is cut in the middle and goes on with nonsense.</summary>
    GarbageXml,
}

/// <summary>
/// One thing that goes wrong, and when. As text: KIND[:NAME=VALUE,...] with kind slow-down, internal-error, access-denied, latency,
/// rate, cut, lost-reply, no-echo or garbage-xml; names count (strikes so often, then no more), p (probability, 0 to 1), skip (lets
/// that many requests pass first), op (operation, such as UploadPart), method, key (a pattern with * and ?), and for latency ms, for rate
/// bytes, for cut after.
/// </summary>
public sealed record Fault(FaultKind Kind)
{
    /// <summary>Milliseconds, bytes a second or bytes, by the kind.</summary>
    public long Amount { get; init; }

    /// <summary>Strikes so many times; null for ever.</summary>
    public int? Count { get; init; }

    /// <summary>Matching requests that pass before the first strike.</summary>
    public int Skip { get; init; }

    /// <summary>Of striking a request that matches, 0 to 1.</summary>
    public double Probability { get; init; } = 1;

    public Operation? Operation { get; init; }

    /// <summary>GET, PUT and so on; null for all.</summary>
    public string? Method { get; init; }

    /// <summary>Of the object's key, with * and ?; null for all, also requests without a key.</summary>
    public string? KeyPattern { get; init; }

    /// <summary>Reads the text form; <see cref="FormatException"/> says what is wrong.</summary>
    public static Fault Parse(string text)
    {
        int colon = text.IndexOf(':');
        string kindName = colon < 0 ? text : text[..colon];
        if (!Kinds.TryGetValue(kindName, out var kind))
            throw new FormatException($"unknown fault '{kindName}': one of {string.Join(", ", Kinds.Keys)}");
        var fault = new Fault(kind);
        bool hasAmount = false;
        foreach (string pair in colon < 0 ? [] : text[(colon + 1)..].Split(','))
        {
            int equals = pair.IndexOf('=');
            string name = equals < 0 ? pair : pair[..equals], value = equals < 0 ? "" : pair[(equals + 1)..];
            switch (name)
            {
                case "count":
                    fault = fault with { Count = (int)Number(value, int.MaxValue) };
                    break;
                case "skip":
                    fault = fault with { Skip = (int)Number(value, int.MaxValue) };
                    break;
                case "p":
                    fault = fault with { Probability = Chance(value) };
                    break;
                case "op":
                    fault = fault with { Operation = Enum.TryParse<Operation>(value, out var operation) && Enum.IsDefined(operation) ? operation : throw new FormatException($"unknown operation '{value}'") };
                    break;
                case "method":
                    fault = fault with { Method = value };
                    break;
                case "key":
                    fault = fault with { KeyPattern = value };
                    break;
                case "ms" when kind == FaultKind.Latency:
                case "bytes" when kind == FaultKind.Rate:
                case "after" when kind == FaultKind.Cut:
                    fault = fault with { Amount = Number(value, long.MaxValue) };
                    hasAmount = true;
                    break;
                default:
                    throw new FormatException($"fault '{kindName}' has no '{name}'");
            }
        }
        if (!hasAmount && kind is FaultKind.Latency or FaultKind.Rate or FaultKind.Cut)
            throw new FormatException($"fault '{kindName}' needs {(kind == FaultKind.Latency ? "ms" : kind == FaultKind.Rate ? "bytes" : "after")}=NUMBER");
        if (kind == FaultKind.Rate && fault.Amount == 0)
            throw new FormatException("fault 'rate' needs at least one byte a second");
        return fault;
    }

    public override string ToString() => Kinds.First(k => k.Value == Kind).Key;

    internal bool Matches(Operation operation, string method, string key) =>
        (Operation is null || Operation == operation)
        && (Method is null || Method.Equals(method, StringComparison.OrdinalIgnoreCase))
        && (KeyPattern is null || FileSystemName.MatchesSimpleExpression(KeyPattern, key, ignoreCase: false));

    private static readonly Dictionary<string, FaultKind> Kinds = new()
    {
        ["slow-down"] = FaultKind.SlowDown,
        ["internal-error"] = FaultKind.InternalError,
        ["access-denied"] = FaultKind.AccessDenied,
        ["latency"] = FaultKind.Latency,
        ["rate"] = FaultKind.Rate,
        ["cut"] = FaultKind.Cut,
        ["lost-reply"] = FaultKind.LostReply,
        ["no-echo"] = FaultKind.NoEcho,
        ["garbage-xml"] = FaultKind.GarbageXml,
    };

    private static long Number(string text, long largest) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= largest
            ? value
            : throw new FormatException($"'{text}' is not a number");

    private static double Chance(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 1
            ? value
            : throw new FormatException($"'{text}' is not a probability from 0 to 1");
}
