namespace Cistern.Server.Hosting;

/// <summary>Who may reach the unix sockets.</summary>
public sealed record UnixSocketOptions
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Everybody may connect, and polkit decides who is served.</summary>
    public const UnixFileMode Everybody = OwnerOnly
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary><c>unix_sock_group</c>: the group that the sockets belong to; null: the server's own.</summary>
    public string? Group { get; init; }

    /// <summary><c>unix_sock_rw_perms</c>; null: everybody where polkit decides, else the owner.</summary>
    public UnixFileMode? ReadWrite { get; init; }

    /// <summary><c>unix_sock_ro_perms</c>; null: everybody where polkit decides, else the owner.</summary>
    public UnixFileMode? ReadOnly { get; init; }

    /// <summary><c>unix_sock_admin_perms</c>.</summary>
    public UnixFileMode Admin { get; init; } = OwnerOnly | UnixFileMode.UserExecute;
}
