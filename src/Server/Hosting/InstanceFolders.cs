namespace Cistern.Server.Hosting;

/// <summary>Where one instance keeps its files. Inside the configuration and run folders the layout is libvirt's (<c>storage/</c>, <c>secrets/</c>).</summary>
public sealed record InstanceFolders(string Configuration, string Run, string Sockets, string Images)
{
    private const string Name = "cistern";

    /// <summary>What the instance is configured by, unless another file is named.</summary>
    public string ConfigurationFile => Path.Combine(Configuration, "cisternd.conf");

    public string PoolDefinitions => Path.Combine(Configuration, "storage");

    public string Secrets => Path.Combine(Configuration, "secrets");

    public string PoolStates => Path.Combine(Run, "storage");

    public string Socket => Path.Combine(Sockets, "libvirt-sock");

    public string ReadOnlySocket => Path.Combine(Sockets, "libvirt-sock-ro");

    /// <summary>Everything below one folder: a private instance.</summary>
    public static InstanceFolders Below(string root)
    {
        var full = Path.GetFullPath(root);
        var run = Path.Combine(full, "run");
        return new(Path.Combine(full, "config"), run, run, Path.Combine(full, "images"));
    }

    /// <summary>The user's own folders by the XDG base directory specification; a relative value counts as unset, as it demands.</summary>
    /// <param name="environment">Looks an environment variable up; null when unset.</param>
    public static InstanceFolders OfUser(Func<string, string?> environment)
    {
        var home = environment("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string Base(string variable, params string[] otherwise) =>
            environment(variable) is { } path && Path.IsPathRooted(path) ? path : Path.Combine([home, .. otherwise]);

        // Without a run-time folder (no login session) sockets and run state go below the state folder.
        var run = environment("XDG_RUNTIME_DIR") is { } runtime && Path.IsPathRooted(runtime)
            ? Path.Combine(runtime, Name)
            : Path.Combine(Base("XDG_STATE_HOME", ".local", "state"), Name, "run");
        return new(Path.Combine(Base("XDG_CONFIG_HOME", ".config"), Name), run, run, Path.Combine(Base("XDG_DATA_HOME", ".local", "share"), Name, "images"));
    }
}
