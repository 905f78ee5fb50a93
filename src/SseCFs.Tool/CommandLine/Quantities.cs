using System.Globalization;

namespace SseCFs.Tool.CommandLine;

/// <summary>Sizes, durations and masks as people write and read them. What parses throws <see cref="FormatException"/> with a sentence.</summary>
internal static class Quantities
{
    /// <summary>Bytes from "67108864", "512M" or "2G"; K, M, G and T are powers of 1024, "MiB" and "MB" mean the same.</summary>
    public static long ParseSize(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var shift = text[digits..].ToUpperInvariant() switch
        {
            "" or "B" => 0,
            "K" or "KB" or "KIB" => 10,
            "M" or "MB" or "MIB" => 20,
            "G" or "GB" or "GIB" => 30,
            "T" or "TB" or "TIB" => 40,
            _ => -1,
        };
        if (shift < 0 || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > long.MaxValue >> shift)
        {
            throw new FormatException($"'{text}' is no size: write a number with K, M or G, as in 512M");
        }
        return number << shift;
    }

    /// <summary>"5 B", "1.4 MiB".</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (size, unit) = ((double)bytes, 0);
        while (size >= 1024 && unit < units.Length - 1)
        {
            (size, unit) = (size / 1024, unit + 1);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? size : Math.Round(size, 1))} {units[unit]}");
    }

    /// <summary>From "90", "90s", "5m", "2h" or "7d"; a bare number is seconds.</summary>
    public static TimeSpan ParseDuration(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var seconds = text[digits..] switch
        {
            "" or "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => 0,
        };
        if (seconds == 0 || !int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"'{text}' is no duration: write a number with s, m, h or d, as in 90s");
        }
        return TimeSpan.FromSeconds((long)number * seconds);
    }

    /// <summary>Permission bits from octal digits, as in "022".</summary>
    public static uint ParseUmask(string text)
    {
        if (text.Length is 0 or > 4 || text.Any(c => c is < '0' or > '7') || Convert.ToUInt32(text, 8) is var mask && mask > 0x1FF)
        {
            throw new FormatException($"'{text}' is no umask: write octal digits, as in 022");
        }
        return mask;
    }
}
