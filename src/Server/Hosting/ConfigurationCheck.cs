using System.Net;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.Sasl;
using Cistern.Server.Transport.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Server.Hosting;

/// <summary>Looks for everything that is wrong with a configuration, and with what it names on this host; starts nothing.</summary>
internal sealed class ConfigurationCheck
{
    private const int Faulty = 1;
    private const string NoMechanism = "SASL has no mechanism that suffices: see mech_list in libsasl2's libvirt.conf, and the packages libsasl2-modules*";
    private const string PolicyFolder = "/usr/share/polkit-1/actions";

    private readonly ServerOptions _commandLine;
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, ConfigurationSetting> _settings = [];
    private ServerOptions _options;

    /// <param name="commandLine">The options without the file.</param>
    public ConfigurationCheck(ServerOptions commandLine) => _commandLine = _options = commandLine;

    /// <summary>Writes each fault on a line of <paramref name="error"/>, or to <paramref name="output"/> that there is none.</summary>
    /// <returns>The process's exit code: 0 without a fault, else 1.</returns>
    public int Report(TextWriter output, TextWriter error)
    {
        var faults = Run(out var file);
        foreach (var fault in faults)
        {
            error.WriteLine(fault);
        }

        if (faults.Count == 0)
        {
            output.WriteLine(file is null
                ? $"There is no {_commandLine.Folders.ConfigurationFile}; without it the defaults hold, and nothing is wrong with them."
                : $"Nothing is wrong with {file}.");
        }

        return faults.Count == 0 ? 0 : Faulty;
    }

    /// <param name="file">The configuration file; null: there is none.</param>
    /// <returns>The faults, each with file and line where a setting is to blame.</returns>
    public IReadOnlyList<string> Run(out string? file)
    {
        file = null;
        try
        {
            if (ConfigurationFile.Read(_commandLine) is var (path, text))
            {
                file = path;
                ReadSettings(path, text);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            _faults.Add($"{_commandLine.ConfigurationFile ?? _commandLine.Folders.ConfigurationFile}: {unreadable.Message}");
            return _faults;
        }

        CheckSockets();
        CheckNetwork();
        CheckTls();
        CheckSasl();
        CheckPolkit();
        return _faults;
    }

    /// <summary>A mistake in one setting does not hide those in others; one in the syntax hides what follows it.</summary>
    private void ReadSettings(string path, string text)
    {
        HashSet<string> seen = [];
        try
        {
            foreach (var setting in ConfigurationText.Parse(path, text))
            {
                try
                {
                    _options = ConfigurationFile.Apply(_options, setting, seen);
                    _settings[setting.Key] = setting;
                }
                catch (FormatException mistake)
                {
                    _faults.Add(mistake.Message);
                }
            }
        }
        catch (FormatException mistake)
        {
            _faults.Add(mistake.Message);
        }
    }

    private void CheckSockets()
    {
        if (_options.UnixSockets.Group is { Length: > 0 } group)
        {
            Try(() => SystemGroup.Find(group), "unix_sock_group");
        }

        for (var folder = _options.Folders.Sockets; folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(folder))
            {
                Blame($"the folder of the sockets cannot be made: {folder} is a file", "unix_sock_dir");
                break;
            }
        }
    }

    private void CheckNetwork()
    {
        if (!_options.ListensAsConfigured)
        {
            return;
        }

        if (!Try(() => Listeners.Configured(_options.Network, 0), "listen_addr", out var addresses))
        {
            return;
        }

        if (Listeners.ListensForTcp(_options) && _options.Auth.Tcp == AuthScheme.None
            && addresses.Find(endPoint => !IPAddress.IsLoopback(endPoint.Address)) is { } open)
        {
            Blame($"without authentication only a loopback address can be served, not {open.Address}", "auth_tcp");
        }
    }

    private void CheckTls()
    {
        var tls = _options.TlsOptions;
        (string Key, string? File)[] files =
            [("ca_file", tls.CaFile), ("cert_file", tls.CertificateFile), ("key_file", tls.KeyFile), ("crl_file", tls.RevocationFile)];
        var isServed = _options.Tls is not null || (_options.ListensAsConfigured && _options.Network.ListensForTls);
        if (!isServed && !files.Any(file => _settings.ContainsKey(file.Key)))
        {
            return;
        }

        var before = _faults.Count;
        foreach (var (key, file) in files)
        {
            if (file is not null)
            {
                Try(() => File.OpenRead(file).Dispose(), key);
            }
        }

        if (_faults.Count == before)
        {
            // Each file for itself can be read: what is wrong now is in one of them, which the message names.
            Try(() => TlsCredentials.Load(tls, TimeProvider.System), message => files.FirstOrDefault(file => file.File is { } path && message.Contains(path, StringComparison.Ordinal)).Key);
        }
    }

    private void CheckSasl()
    {
        if (!Listeners.NeedSasl(_options))
        {
            return;
        }

        var auth = _options.Auth;
        var tcp = auth.Tcp ?? (Listeners.ListensForTcp(_options) ? AuthScheme.Sasl : AuthScheme.None);
        (string Key, AuthScheme Scheme)[] listeners =
            [("auth_unix_rw", auth.UnixReadWrite), ("auth_unix_ro", auth.UnixReadOnly), ("auth_tls", auth.Tls), ("auth_tcp", tcp)];
        string[] keys = [.. listeners.Where(listener => listener.Scheme == AuthScheme.Sasl).Select(listener => listener.Key)];
        if (Try(() => { _ = new SaslAuthenticator(_options.Sasl, TimeProvider.System, NullLogger.Instance); }, keys[0]))
        {
            Array.ForEach(keys, CheckMechanisms);
        }
    }

    private void CheckMechanisms(string key)
    {
        try
        {
            using var session = key == "auth_tcp" ? SaslAuthenticator.SessionOnTcp(_options.Sasl) : SaslAuthenticator.SessionOnSafeTransport();
            if (session.Mechanisms().Length == 0)
            {
                Blame(NoMechanism, key);
            }
        }
        catch (SaslException exception)
        {
            Blame($"{NoMechanism} ({exception.Message})", key);
        }
    }

    /// <summary>Actions that nobody declares are refused to everybody.</summary>
    private void CheckPolkit()
    {
        CheckAction("org.libvirt.unix.manage", "auth_unix_rw", _options.Auth.UnixReadWrite == AuthScheme.Polkit);
        CheckAction("org.libvirt.unix.monitor", "auth_unix_ro", _options.Auth.UnixReadOnly == AuthScheme.Polkit);
        CheckAction("org.libvirt.api.connect.getattr", "access_drivers", _options.AccessDrivers.Contains(AccessDriverKind.Polkit));
    }

    private void CheckAction(string action, string key, bool isAsked)
    {
        if (isAsked && !(Directory.Exists(PolicyFolder)
            && Directory.EnumerateFiles(PolicyFolder, "*.policy").Any(file => File.ReadAllText(file).Contains($"\"{action}\"", StringComparison.Ordinal))))
        {
            Blame($"polkit is asked about {action}, which no file in {PolicyFolder} declares", key);
        }
    }

    private void Blame(string what, string? key) => _faults.Add($"{PlaceOf(key)}: {what}");

    /// <summary>File and line of the setting; where the default is to blame, its name.</summary>
    private string PlaceOf(string? key) => key is null ? "configuration" : _settings.TryGetValue(key, out var setting) ? setting.Place : $"{key} (not set)";

    private bool Try(Action action, string key) => Try(action, _ => key);

    private bool Try<T>(Func<T> action, string key, out T result)
    {
        T? made = default;
        var isGood = Try(() => { made = action(); }, key);
        result = made!;
        return isGood;
    }

    private bool Try(Action action, Func<string, string?> keyOf)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Blame(fault.Message, keyOf(fault.Message));
            return false;
        }
    }
}
