using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace SseCFs.Tree;

/// <summary>
/// Extended attributes in the form that s3fs keeps them: one header with a URL-encoded JSON object of names and base64 values.
/// Immutable; the arrays must not be changed.
/// </summary>
internal sealed class ExtendedAttributes
{
    public const string MetadataName = "xattr";

    public static readonly ExtendedAttributes None = new(ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal));

    private readonly ImmutableSortedDictionary<string, byte[]> _values;

    private ExtendedAttributes(ImmutableSortedDictionary<string, byte[]> values) => _values = values;

    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Names and values.</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> ToList() =>
        _values.IsEmpty ? [] : [.. _values.Select(pair => (pair.Key, (ReadOnlyMemory<byte>)pair.Value))];

    public bool TryGet(string name, out byte[] value) => _values.TryGetValue(name, out value!);

    /// <summary>The same with an attribute set, or removed where the value is null.</summary>
    public ExtendedAttributes With(string name, byte[]? value) => new(value is null ? _values.Remove(name) : _values.SetItem(name, value));

    public bool HasSameAs(ExtendedAttributes other) =>
        _values.Count == other._values.Count && _values.All(pair => other._values.TryGetValue(pair.Key, out var value) && value.AsSpan().SequenceEqual(pair.Value));

    /// <summary>A header that is not understood counts as none.</summary>
    public static ExtendedAttributes Parse(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return None;
        }
        try
        {
            using var document = JsonDocument.Parse(Uri.UnescapeDataString(header));
            var values = None._values.ToBuilder();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value.GetBytesFromBase64();
            }
            return new ExtendedAttributes(values.ToImmutable());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return None;
        }
    }

    /// <summary>Null when there are none.</summary>
    public string? Format()
    {
        if (_values.IsEmpty)
        {
            return null;
        }
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in _values)
            {
                writer.WriteBase64String(name, value);
            }
            writer.WriteEndObject();
        }
        return Uri.EscapeDataString(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
