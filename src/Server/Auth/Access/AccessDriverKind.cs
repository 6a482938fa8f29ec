namespace Cistern.Server.Auth.Access;

/// <summary>The access drivers, by the names that <c>access_drivers</c> gives them.</summary>
public enum AccessDriverKind
{
    /// <summary>Allows everything.</summary>
    None,

    Polkit,
}
