using System.Security.Authentication;

namespace Cistern.Server.Transport.Tls;

/// <summary>The part of GnuTLS's priority strings (<c>tls_priority</c>) that says which versions are spoken. What else they can say belongs to another library: it is refused rather than ignored.</summary>
public static class TlsPriority
{
    public const SslProtocols Normal = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <param name="priority"><c>NORMAL</c>, then any of <c>-VERS-ALL</c>, <c>+VERS-TLS1.3</c>, … separated by colons.</param>
    /// <exception cref="FormatException">Names what cannot be applied.</exception>
    public static SslProtocols Parse(string priority)
    {
        var words = priority.Split(':');
        if (words[0] != "NORMAL")
        {
            throw new FormatException($"TLS priority '{priority}': it must begin with NORMAL, not '{words[0]}'");
        }

        var protocols = Normal;
        foreach (var word in words[1..])
        {
            var versions = word.Length > 0 ? Versions(word[1..]) : null;
            protocols = (word.Length > 0 ? word[0] : '\0', versions) switch
            {
                ('+', { } added) => protocols | added,
                ('-' or '!', { } removed) => protocols & ~removed,
                _ => throw new FormatException($"TLS priority '{priority}': '{word}' cannot be applied, only versions can (such as -VERS-ALL:+VERS-TLS1.3)"),
            };
        }

        return protocols != SslProtocols.None ? protocols : throw new FormatException($"TLS priority '{priority}' leaves no version");
    }

    private static SslProtocols? Versions(string name) => name switch
    {
        "VERS-ALL" or "VERS-TLS-ALL" => Normal,
        "VERS-TLS1.3" => SslProtocols.Tls13,
        "VERS-TLS1.2" => SslProtocols.Tls12,

        // Older ones are never spoken.
        "VERS-TLS1.1" or "VERS-TLS1.0" or "VERS-SSL3.0" => SslProtocols.None,
        _ => null,
    };
}
