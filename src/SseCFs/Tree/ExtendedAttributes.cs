using System.Text;
using System.Text.Json;

namespace SseCFs.Tree;

/// <summary>
/// Extended attributes in the form that s3fs keeps them: one header with a URL-encoded JSON object of names and base64 values.
/// Not thread-safe: guarded by its inode's lock.
/// </summary>
internal sealed class ExtendedAttributes
{
    public const string MetadataName = "xattr";

    private readonly SortedDictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _values.Keys;

    /// <summary>Names and values.</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> ToList() =>
        _values.Count == 0 ? [] : [.. _values.Select(pair => (pair.Key, (ReadOnlyMemory<byte>)pair.Value))];

    public bool TryGet(string name, out byte[] value) => _values.TryGetValue(name, out value!);

    public void Set(string name, byte[] value) => _values[name] = value;

    public bool Remove(string name) => _values.Remove(name);

    /// <summary>Takes back changes: what <see cref="Format"/> gave before them.</summary>
    public void RestoreFrom(string? header)
    {
        _values.Clear();
        foreach (var (name, value) in Parse(header)._values)
        {
            _values[name] = value;
        }
    }

    /// <summary>A header that is not understood counts as none.</summary>
    public static ExtendedAttributes Parse(string? header)
    {
        var result = new ExtendedAttributes();
        if (string.IsNullOrEmpty(header))
        {
            return result;
        }
        try
        {
            using var document = JsonDocument.Parse(Uri.UnescapeDataString(header));
            foreach (var property in document.RootElement.EnumerateObject())
            {
                result._values[property.Name] = property.Value.GetBytesFromBase64();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            result._values.Clear();
        }
        return result;
    }

    /// <summary>Null when there are none.</summary>
    public string? Format()
    {
        if (_values.Count == 0)
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
