namespace Cistern.Server.Hosting;

/// <summary>Where one instance keeps its files. Inside the configuration and run folders the layout is libvirt's (<c>storage/</c>, <c>secrets/</c>).</summary>
public sealed record InstanceFolders(string Configuration, string Run, string Sockets, string Images)
{
    private const string Name = "cistern";
    private const string Libvirt = "libvirt";

    /// <summary>What the names of the sockets begin with: libvirtd's own name, or that of a daemon that serves storage only.</summary>
    public string SocketPrefix { get; init; } = Libvirt;

    /// <summary>What administrators call the server: as the daemon whose sockets it has.</summary>
    public string ServerName => SocketPrefix == Libvirt ? "libvirtd" : SocketPrefix;

    /// <summary>What the instance is configured by, unless another file is named.</summary>
    public string ConfigurationFile => Path.Combine(Configuration, "cisternd.conf");

    public string PoolDefinitions => Path.Combine(Configuration, "storage");

    public string Secrets => Path.Combine(Configuration, "secrets");

    public string PoolStates => Path.Combine(Run, "storage");

    public string Socket => Path.Combine(Sockets, $"{SocketPrefix}-sock");

    public string ReadOnlySocket => Path.Combine(Sockets, $"{SocketPrefix}-sock-ro");

    public string AdminSocket => Path.Combine(Sockets, $"{SocketPrefix}-admin-sock");

    /// <summary>Where virtsecretd listens, on a host that has a daemon for each driver.</summary>
    public string SecretSocket => Path.Combine(Sockets, "virtsecretd-sock");

    /// <summary>The secret of the host's daemons; made by the first libvirt daemon that needs it.</summary>
    public string SystemToken => Path.Combine(Run, "common", "system.token");

    /// <summary>libvirt's own places on a host: what root's clients look for, and what libvirtd has left there.</summary>
    public static InstanceFolders System { get; } = new("/etc/libvirt", "/run/libvirt", "/run/libvirt", "/var/lib/libvirt/images");

    /// <summary>Everything below one folder: a private instance.</summary>
    public static InstanceFolders Below(string root)
    {
        var full = Path.GetFullPath(root);
        var run = Path.Combine(full, "run");
        return new(Path.Combine(full, "config"), run, run, Path.Combine(full, "images"));
    }

    /// <summary>The user's own folders by the XDG base directory specification; a relative value counts as unset, as it demands.</summary>
    /// <param name="environment">Looks an environment variable up; null when unset.</param>
    public static InstanceFolders OfUser(Func<string, string?> environment) => OfUser(environment, Name);

    /// <summary>Where libvirt's clients look for a user's own server.</summary>
    /// <param name="environment">Looks an environment variable up; null when unset.</param>
    public static InstanceFolders Session(Func<string, string?> environment) => OfUser(environment, Libvirt);

    private static InstanceFolders OfUser(Func<string, string?> environment, string name)
    {
        var home = environment("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string Base(string variable, params string[] otherwise) =>
            environment(variable) is { } path && Path.IsPathRooted(path) ? path : Path.Combine([home, .. otherwise]);

        // Without a run-time folder (no login session) sockets and run state go below the state folder.
        var run = environment("XDG_RUNTIME_DIR") is { } runtime && Path.IsPathRooted(runtime)
            ? Path.Combine(runtime, name)
            : Path.Combine(Base("XDG_STATE_HOME", ".local", "state"), name, "run");
        return new(Path.Combine(Base("XDG_CONFIG_HOME", ".config"), name), run, run, Path.Combine(Base("XDG_DATA_HOME", ".local", "share"), name, "images"));
    }
}
