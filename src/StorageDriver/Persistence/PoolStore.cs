using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Persistence;

/// <summary>
/// The pools' files in libvirt's layout: <c>CONFIG/NAME.xml</c>, <c>CONFIG/autostart/NAME.xml</c> (a link to it) and, while a pool runs,
/// <c>RUN/NAME.xml</c>. A change is on stable storage when its task completes.
/// </summary>
internal sealed partial class PoolStore(StorageDriverOptions options, ILogger<PoolStore> logger)
{
    private const string Extension = ".xml";
    private const string Comment = "<!--\n  Written by the storage server. Edits here are overwritten; use 'virsh pool-edit' instead.\n-->\n\n";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private string AutostartDirectory { get; } = Path.Combine(options.ConfigDirectory, "autostart");

    /// <summary>Makes the folders and removes what a killed process left half-written.</summary>
    public void Prepare()
    {
        foreach (var folder in (ReadOnlySpan<string>)[options.ConfigDirectory, AutostartDirectory, options.RunDirectory])
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            AtomicFile.CleanUp(folder);
        }
    }

    /// <summary>The definitions of the pools that ran when the server ended.</summary>
    public IEnumerable<PoolDefinition> LoadStates() => Load(options.RunDirectory, xml => PoolXml.ParseState(xml, PoolTypes.Get));

    /// <summary>The definitions of the persistent pools.</summary>
    public IEnumerable<(PoolDefinition Definition, bool Autostart)> LoadConfigurations() =>
        Load(options.ConfigDirectory, xml => PoolXml.Parse(xml, validate: false, PoolTypes.Get))
            .Select(definition => (definition, LinksTo(AutostartPath(definition.Name), ConfigurationPath(definition.Name))));

    public Task SaveConfigurationAsync(PoolDefinition definition)
    {
        var path = ConfigurationPath(definition.Name);
        return RunAsync(path, () =>
            AtomicFile.Write(path, Comment + PoolXml.Format(definition, PoolTypes.Get(definition.Type), definition.Numbers, active: false)));
    }

    /// <summary>Removes the configuration file, then the autostart link.</summary>
    public Task RemoveConfigurationAsync(string pool)
    {
        var path = ConfigurationPath(pool);
        return RunAsync(path, () =>
        {
            AtomicFile.Delete(path);
            AtomicFile.Delete(AutostartPath(pool));
        });
    }

    public Task SetAutostartAsync(string pool, bool autostart)
    {
        var path = AutostartPath(pool);
        return RunAsync(path, () =>
        {
            if (autostart)
            {
                AtomicFile.Link(path, Path.GetFullPath(ConfigurationPath(pool)));
            }
            else
            {
                AtomicFile.Delete(path);
            }
        });
    }

    public Task SaveStateAsync(PoolDefinition definition)
    {
        var path = StatePath(definition.Name);
        return RunAsync(path, () =>
            AtomicFile.Write(path, Comment + PoolXml.FormatState(definition, PoolTypes.Get(definition.Type), definition.Numbers)));
    }

    public Task RemoveStateAsync(string pool)
    {
        var path = StatePath(pool);
        return RunAsync(path, () => AtomicFile.Delete(path));
    }

    /// <summary>True at the first call since the run folder was made anew, that is since the host started: the time to start autostart pools.</summary>
    public bool TakeFirstStart()
    {
        var marker = Path.Combine(options.RunDirectory, "autostarted");
        if (File.Exists(marker))
        {
            return false;
        }

        AtomicFile.Write(marker, "");
        return true;
    }

    /// <summary>A name that is one file name of the folder.</summary>
    /// <exception cref="StorageException">27/18.</exception>
    private static string FileName(string pool) =>
        pool.Length > 0 && pool.AsSpan().IndexOfAny('/', '\0') < 0 ? pool + Extension : throw StorageErrors.PoolNameNotAFileName(pool);

    private string ConfigurationPath(string pool) => Path.Combine(options.ConfigDirectory, FileName(pool));

    private string AutostartPath(string pool) => Path.Combine(AutostartDirectory, FileName(pool));

    private string StatePath(string pool) => Path.Combine(options.RunDirectory, FileName(pool));

    /// <summary>Every document of a folder that can be used; the others are logged and left alone.</summary>
    private IEnumerable<PoolDefinition> Load(string folder, Func<string, PoolDefinition> parse)
    {
        foreach (var path in Directory.EnumerateFiles(folder).Where(path => path.EndsWith(Extension, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (TryLoad(path, parse) is { } definition)
            {
                yield return definition;
            }
        }
    }

    private PoolDefinition? TryLoad(string path, Func<string, PoolDefinition> parse)
    {
        try
        {
            var definition = parse(File.ReadAllText(path));
            return Path.GetFileName(path) == definition.Name + Extension ? definition : throw StorageErrors.PoolFileMisnamed(path, definition.Name);
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            LogUnusableFile(path, error.Message);
            return null;
        }
    }

    private static bool LinksTo(string link, string target) => new FileInfo(link).LinkTarget == Path.GetFullPath(target);

    private static Task RunAsync(string path, Action write) => Task.Run(() =>
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.PoolFileNotWritten(path, error);
        }
    });

    [LoggerMessage(7000, LogLevel.Warning, "{Path} was left out: {Reason}")]
    private partial void LogUnusableFile(string path, string reason);
}
