using System.Globalization;
using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>
/// The record that <c>iscsiadm</c> keeps of a target on a portal, a file of lines <c>name = value</c> that only root may read. It is written here
/// because the tool takes a password only on its command line, where every user of the host sees it.
/// </summary>
internal static class IscsiRecord
{
    private const string AuthenticationMethod = "node.session.auth.authmethod";
    private const string UserName = "node.session.auth.username";
    private const string Password = "node.session.auth.password";

    /// <summary>Debian's and SUSE's place, and Red Hat's.</summary>
    private static readonly string[] Roots = ["/etc/iscsi/nodes", "/var/lib/iscsi/nodes"];

    /// <summary>The file of the record; null when there is none.</summary>
    public static string? Find(SourceHost host, string target, string? iface) => Find(Roots, host, target, iface);

    /// <inheritdoc cref="Find(SourceHost, string, string?)"/>
    /// <param name="roots">Where records are looked for.</param>
    public static string? Find(IEnumerable<string> roots, SourceHost host, string target, string? iface)
    {
        string portal = string.Create(CultureInfo.InvariantCulture, $"{host.Name},{(host.Port == 0 ? IscsiCommands.DefaultPort : host.Port)}");
        return roots.Select(root => $"{root}/{target}").Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFileSystemEntries)
            .Where(entry => Path.GetFileName(entry) == portal || Path.GetFileName(entry).StartsWith(portal + ",", StringComparison.Ordinal))
            .Select(entry => Directory.Exists(entry) ? $"{entry}/{iface ?? "default"}" : entry)
            .FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// What a record that was made for a pool says besides the tool's defaults: the pool begins the session, not the boot, and a host that does not
    /// answer is given up after two attempts of a quarter of a minute.
    /// </summary>
    public static IReadOnlyDictionary<string, string> PoolSettings { get; } = new Dictionary<string, string>
    {
        ["node.startup"] = "manual",
        ["node.session.initial_login_retry_max"] = "2",
        ["node.conn[0].timeo.login_timeout"] = "15",
    };

    /// <exception cref="StorageException">8/18: the value of the secret cannot be a password.</exception>
    public static IReadOnlyDictionary<string, string> Chap(string user, ReadOnlySpan<byte> secret)
    {
        string password = Encoding.UTF8.GetString(secret);
        return password.AsSpan().ContainsAny('\n', '\r', '\0') || password.Trim() != password || password.Length == 0
            ? throw StorageErrors.ChapPasswordUnusable(user)
            : new Dictionary<string, string> { [AuthenticationMethod] = "CHAP", [UserName] = user, [Password] = password };
    }

    /// <summary>Changes settings, in place of those of the same name or at the end of the file's body. The file is replaced whole.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static void Write(string file, IReadOnlyDictionary<string, string> settings)
    {
        try
        {
            string changed = file + ".new";
            File.Delete(changed);
            using (FileStream stream = new(changed, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                stream.Write(Encoding.UTF8.GetBytes(Change(File.ReadAllText(file), settings)));
                stream.Flush(flushToDisk: true);
            }

            File.Move(changed, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.IscsiRecordNotWritten(file, error);
        }
    }

    /// <summary>The text of a record with other settings.</summary>
    public static string Change(string record, IReadOnlyDictionary<string, string> settings)
    {
        string[] lines = record.Split('\n');
        int end = Array.FindLastIndex(lines, line => line.StartsWith("# END RECORD", StringComparison.Ordinal));
        return string.Join('\n', lines.Select((line, place) => (line, place))
            .Where(at => !settings.ContainsKey(at.line.Split('=')[0].Trim()))
            .SelectMany(at => at.place == (end < 0 ? lines.Length - 1 : end) ? [.. settings.Select(setting => $"{setting.Key} = {setting.Value}"), at.line] : new[] { at.line }));
    }
}
