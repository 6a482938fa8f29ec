using System.Collections.Immutable;

namespace Cistern.Server.Auth.Sasl;

/// <summary>What of SASL is the server's to say; mechanisms and password databases are configured in libsasl2's own file for libvirt (<c>/etc/sasl2/libvirt.conf</c>, or in the folder that the variable SASL_CONF_PATH names).</summary>
public sealed record SaslOptions
{
    /// <summary>The least that <see cref="MinimumTcpStrength"/> may be.</summary>
    public const int LeastStrength = 56;

    /// <summary><c>sasl_allowed_username_list</c>: patterns (<c>*</c>, <c>?</c>) of the names that are let in; null: all, empty: none.</summary>
    public ImmutableArray<string>? AllowedUserNames { get; init; }

    /// <summary><c>tcp_min_ssf</c>: bits of encryption that a mechanism must bring on plain TCP.</summary>
    public int MinimumTcpStrength { get; init; } = LeastStrength;

    /// <summary>Time before a failed attempt is answered.</summary>
    public TimeSpan FailureDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Failed attempts of one connection, the last of which ends it.</summary>
    public int MaxFailures { get; init; } = 3;
}
