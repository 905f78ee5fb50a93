using System.CommandLine;
using System.CommandLine.Parsing;

namespace SseCFs.Tool.CommandLine;

/// <summary>Makes options whose value is checked while parsing, so that a wrong one is a one-line usage error.</summary>
internal static class Parsers
{
    /// <param name="name">With its dashes.</param>
    /// <param name="value">What help shows for the value.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="parse">Throws <see cref="FormatException"/> with a sentence.</param>
    public static Option<T> Option<T>(string name, string value, string description, Func<string, T> parse) => new(name)
    {
        Description = description,
        HelpName = value,
        CustomParser = result => Parse(result, parse, name + ": "),
    };

    public static Argument<T> Argument<T>(string name, string description, Func<string, T> parse) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, parse, ""),
    };

    public static Option<bool> Switch(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    private static T? Parse<T>(ArgumentResult result, Func<string, T> parse, string before)
    {
        try
        {
            return parse(result.Tokens[0].Value);
        }
        catch (FormatException wrong)
        {
            result.AddError(before + wrong.Message);
            return default;
        }
    }
}
