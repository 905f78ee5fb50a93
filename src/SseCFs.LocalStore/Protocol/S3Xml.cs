using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace SseCFs.LocalStore.Protocol;

/// <summary>S3's documents: written with XmlWriter, read with namespaces ignored, as clients send them with and without.</summary>
internal static class S3Xml
{
    private const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    // Characters that XML 1.0 forbids can be in a key; they go out as character references, as S3 does.
    private static readonly XmlWriterSettings WriterSettings = new() { Encoding = new UTF8Encoding(false), CheckCharacters = false };

    private static readonly XmlReaderSettings ReaderSettings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    public static byte[] Write(string root, Action<XmlWriter> content, bool withNamespace = true)
    {
        var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, WriterSettings))
        {
            xml.WriteStartDocument();
            if (withNamespace)
                xml.WriteStartElement(root, Namespace);
            else
                xml.WriteStartElement(root);
            content(xml);
            xml.WriteEndElement();
        }
        return stream.ToArray();
    }

    public static void Element(this XmlWriter xml, string name, string? value)
    {
        if (value is null)
            return;
        xml.WriteStartElement(name);
        xml.WriteString(value);
        xml.WriteEndElement();
    }

    public static void Element(this XmlWriter xml, string name, long value) => xml.Element(name, value.ToString(CultureInfo.InvariantCulture));

    public static void Element(this XmlWriter xml, string name, bool value) => xml.Element(name, value ? "true" : "false");

    public static void Element(this XmlWriter xml, string name, Action content)
    {
        xml.WriteStartElement(name);
        content();
        xml.WriteEndElement();
    }

    /// <summary>The root of a document; MalformedXML where it is none or has another name.</summary>
    public static XElement Parse(ReadOnlyMemory<byte> document, string root)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(document.ToArray()), ReaderSettings);
            var element = XElement.Load(reader, LoadOptions.PreserveWhitespace);
            return element.Name.LocalName == root ? element : throw S3Exception.MalformedXml();
        }
        catch (XmlException)
        {
            throw S3Exception.MalformedXml();
        }
    }

    public static IEnumerable<XElement> Children(this XElement element, string name) => element.Elements().Where(e => e.Name.LocalName == name);

    public static string? Child(this XElement element, string name) => element.Children(name).FirstOrDefault()?.Value;

    /// <summary>As listings show it.</summary>
    public static string Time(DateTimeOffset time, bool wholeSeconds) =>
        time.UtcDateTime.ToString(wholeSeconds ? "yyyy-MM-dd'T'HH:mm:ss'.000Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
