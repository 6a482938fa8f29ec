using Cistern.Storage.Definitions;

namespace Cistern.Storage.Xml;

/// <summary>What the text of an element or attribute must look like.</summary>
/// <param name="Expected">In words, for error texts.</param>
internal sealed record ValueRule(string Expected, Func<string, bool> Accepts)
{
    private const int MaximumPort = 65535;

    public static ValueRule Number { get; } = new("a number", static text => IsNumber(text, ulong.MaxValue));

    public static ValueRule Unit { get; } = new("a unit of sizes", Units.IsKnown);

    public static ValueRule Uuid { get; } = new("a uuid", static text => UuidText.TryParse(text, out _));

    public static ValueRule Name { get; } = new("a name without '/' and line breaks", static text => text.Length > 0 && !text.AsSpan().ContainsAny('/', '\n'));

    public static ValueRule AbsolutePath { get; } = new("an absolute path", static text => text.StartsWith('/'));

    public static ValueRule Mode { get; } = new("an octal number", static text => text.Length > 0 && text.All(c => c is >= '0' and <= '7'));

    public static ValueRule Id { get; } = new("a user or group id, or -1", static text => text == "-1" || IsNumber(text, uint.MaxValue));

    public static ValueRule Port { get; } = new("a port", static text => text == "-1" || IsNumber(text, MaximumPort));

    public static ValueRule YesNo { get; } = new("'yes' or 'no'", static text => text is "yes" or "no");

    private static bool IsNumber(string text, ulong maximum) =>
        text.All(char.IsAsciiDigit) && NumberText.TryParse(text, out ulong value) && value <= maximum;
}
