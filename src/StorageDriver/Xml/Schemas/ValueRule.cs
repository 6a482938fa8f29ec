using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>What a text or an attribute's value must look like. As in libvirt's schemas, blanks around listed words and signed numbers do not count.</summary>
/// <param name="Expected">In words, for error texts.</param>
internal sealed partial record ValueRule(string Expected, Func<string, bool> Accepts)
{
    private static readonly char[] Blanks = [' ', '\t', '\n', '\r'];

    public static ValueRule YesNo { get; } = OneOf("yes", "no");

    public static ValueRule OnOff { get; } = OneOf("on", "off");

    public static ValueRule UnsignedInt { get; } = new("a number of 32 bits", static text => IsNumber(text, uint.MaxValue));

    public static ValueRule UnsignedLong { get; } = new("a number of 64 bits", static text => IsNumber(text, ulong.MaxValue));

    public static ValueRule Positive { get; } = new("a number above 0", static text => IsDigits(text) && text.AsSpan().ContainsAnyInRange('1', '9'));

    public static ValueRule Id { get; } = new("a user or group id, or -1", static text => text.Trim(Blanks) == "-1" || IsNumber(text, uint.MaxValue));

    /// <summary>The bound is that of the number when it is read as decimal.</summary>
    public static ValueRule Mode { get; } = new("an octal number", static text => !text.AsSpan().ContainsAny('8', '9') && IsNumber(text, uint.MaxValue));

    public static ValueRule Port { get; } = new("a port", static text => IsInteger(text, -1, ushort.MaxValue));

    public static ValueRule Unit { get; } = new("a unit of sizes", static text => text.Length > 0 && Units.IsKnown(text));

    public static ValueRule Uuid { get; } = Matching("a uuid of 32 hexadecimal digits, with or without dashes", UuidPattern());

    public static ValueRule Name { get; } = Matching("a name without '/' and line breaks", NamePattern());

    public static ValueRule VolumeName { get; } = new("a name without '/', other than '.' and '..'", static text =>
        text.Length > 0 && !text.Contains('/', StringComparison.Ordinal) && text.Trim(Blanks) is not ("." or ".."));

    public static ValueRule AbsolutePath { get; } = Matching("an absolute path", AbsolutePathPattern());

    public static ValueRule AbsoluteFolder { get; } = Matching("an absolute path", AbsoluteFolderPattern());

    public static ValueRule Path { get; } = Matching("a path", LinePattern());

    public static ValueRule PathOrUri { get; } = new("an absolute path or a URI", static text => AbsolutePathPattern().IsMatch(text) || UriText.IsReference(text));

    public static ValueRule Iqn { get; } = Matching("an iSCSI qualified name", IqnPattern());

    public static ValueRule SourceDevice { get; } = new("an absolute path, a plain name or an iSCSI qualified name", static text =>
        AbsolutePathPattern().IsMatch(text) || GenericNamePattern().IsMatch(text) || IqnPattern().IsMatch(text));

    public static ValueRule Host { get; } = new("a host name or an IP address", static text => HostNamePattern().IsMatch(text) || IsIPv6(text));

    public static ValueRule WorldWideName { get; } = Matching("a world wide name of 16 hexadecimal digits", WorldWideNamePattern());

    public static ValueRule Timestamp { get; } = Matching("seconds, with up to nine digits behind a dot", TimestampPattern());

    public static ValueRule Version { get; } = Matching("two numbers joined by a dot", VersionPattern());

    public static ValueRule PciDomain { get; } = new("the domain of a PCI address", static text =>
        PciDomainPattern().IsMatch(text) || IsNumber(text.Trim(Blanks), uint.MaxValue));

    public static ValueRule PciBus { get; } = PciPart("bus", PciBusPattern(), byte.MaxValue);

    public static ValueRule PciSlot { get; } = PciPart("slot", PciSlotPattern(), 0x1f);

    public static ValueRule PciFunction { get; } = PciPart("function", PciFunctionPattern(), 7);

    public static ValueRule OneOf(params string[] words) =>
        new(string.Join(" or ", words.Select(word => $"'{word}'")), text => words.Contains(text.Trim(Blanks)));

    private static ValueRule Matching(string expected, Regex pattern) => new(expected, pattern.IsMatch);

    private static ValueRule PciPart(string name, Regex hexadecimal, long maximum) =>
        new($"the {name} of a PCI address", text => hexadecimal.IsMatch(text) || IsInteger(text, 0, maximum));

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static bool IsNumber(string text, ulong maximum) =>
        IsDigits(text) && ulong.TryParse(text, CultureInfo.InvariantCulture, out var value) && value <= maximum;

    private static bool IsInteger(string text, long minimum, long maximum) =>
        long.TryParse(text.Trim(Blanks), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum;

    private static bool IsIPv6(string text) =>
        !text.AsSpan().ContainsAny('[', '%') && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    [GeneratedRegex(@"\A([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\z")]
    private static partial Regex UuidPattern();

    [GeneratedRegex(@"\A[^/\n]+\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A(/|[A-Za-z]:\\)[^\n\r]+\z")]
    private static partial Regex AbsolutePathPattern();

    [GeneratedRegex(@"\A/[^\n\r]*\z")]
    private static partial Regex AbsoluteFolderPattern();

    [GeneratedRegex(@"\A[^\n\r]+\z")]
    private static partial Regex LinePattern();

    [GeneratedRegex(@"\Aiqn\.[0-9]{4}-(0[1-9]|1[0-2])\.[-.0-9A-Za-z]+(:[^\n\r]+)?\z")]
    private static partial Regex IqnPattern();

    [GeneratedRegex(@"\A[-+0-9A-Z_a-z]+\z")]
    private static partial Regex GenericNamePattern();

    [GeneratedRegex(@"\A[-.0-9A-Za-z]+\z")]
    private static partial Regex HostNamePattern();

    [GeneratedRegex(@"\A(0x)?[0-9A-Fa-f]{16}\z")]
    private static partial Regex WorldWideNamePattern();

    [GeneratedRegex(@"\A[0-9]+(\.[0-9]{0,9})?\z")]
    private static partial Regex TimestampPattern();

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+\z")]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"\A(0x)?[0-9A-Fa-f]{1,8}\z")]
    private static partial Regex PciDomainPattern();

    [GeneratedRegex(@"\A0x[0-9A-Fa-f]{1,2}\z")]
    private static partial Regex PciBusPattern();

    [GeneratedRegex(@"\A(0x)?[01]?[0-9A-Fa-f]\z")]
    private static partial Regex PciSlotPattern();

    [GeneratedRegex(@"\A(0x)?[0-7]\z")]
    private static partial Regex PciFunctionPattern();
}
