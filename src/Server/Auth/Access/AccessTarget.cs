namespace Cistern.Server.Auth.Access;

/// <summary>What a permission is asked of.</summary>
/// <param name="kind">The kind of object, by the name that the protocol's rules give it.</param>
/// <param name="details">What names the object, by libvirt's names for it.</param>
public sealed class AccessTarget(string kind, params IReadOnlyList<KeyValuePair<string, string>> details)
{
    /// <summary>The connection itself.</summary>
    public static AccessTarget Connection { get; } = new("connect");

    public string Kind => kind;

    public IReadOnlyList<KeyValuePair<string, string>> Details => details;
}
