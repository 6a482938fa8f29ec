using System.Runtime.InteropServices;
using System.Text;

namespace Cistern.Server.Transport.Tls;

/// <summary>
/// Keeps OpenSSL from sending session tickets. With TLS 1.3 they follow the handshake, and libvirt's client takes one for a failed welcome; the framework has no
/// setting for it (not resuming does not mean not sending). OpenSSL takes it from its configuration, for which the system's own is kept otherwise.
/// </summary>
internal static unsafe partial class SessionTickets
{
    private const string Library = "libcrypto.so.3";

    /// <summary>Names of the sections that the system's configuration may lack.</summary>
    private const string OwnName = "cisternd";

    /// <summary>Holds for what is made from now on, in the whole process; after the framework has started OpenSSL.</summary>
    /// <returns>False when OpenSSL is another than is known here.</returns>
    public static bool TurnOff()
    {
        try
        {
            return Load(WithoutTickets(Marshal.PtrToStringUTF8(DefaultFile())));
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The system's configuration, which is read again, with one more setting in its defaults for TLS.</summary>
    private static string WithoutTickets(string? systemFile)
    {
        var (include, ssl, defaults) = ("", $"{OwnName}_ssl", $"{OwnName}_defaults");
        var system = NewConfiguration(0);

        // Fails where there is no such file.
        if (systemFile is not null && LoadFile(system, systemFile, 0) > 0)
        {
            include = $".include {systemFile}";
            ssl = (Value(system, null, "openssl_conf") is { } modules ? Value(system, modules, "ssl_conf") : null) ?? ssl;
            defaults = Value(system, ssl, "system_default") ?? defaults;
        }

        FreeConfiguration(system);
        return $"""
            {include}
            [default]
            {OwnName} = {OwnName}_modules
            [{OwnName}_modules]
            ssl_conf = {ssl}
            [{ssl}]
            system_default = {defaults}
            [{defaults}]
            NumTickets = 0

            """;
    }

    private static bool Load(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var configuration = NewConfiguration(0);
        fixed (byte* start = bytes)
        {
            var memory = NewMemory(start, bytes.Length);
            var isLoaded = LoadMemory(configuration, memory, 0) > 0 && LoadModules(configuration, OwnName, 0) > 0;
            _ = FreeMemory(memory);
            FreeConfiguration(configuration);
            return isLoaded;
        }
    }

    private static string? Value(nint configuration, string? group, string name) => Marshal.PtrToStringUTF8(GetString(configuration, group, name));

    [LibraryImport(Library, EntryPoint = "NCONF_new")]
    private static partial nint NewConfiguration(nint method);

    [LibraryImport(Library, EntryPoint = "NCONF_free")]
    private static partial void FreeConfiguration(nint configuration);

    [LibraryImport(Library, EntryPoint = "CONF_get1_default_config_file")]
    private static partial nint DefaultFile();

    [LibraryImport(Library, EntryPoint = "NCONF_load", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LoadFile(nint configuration, string file, nint errorLine);

    [LibraryImport(Library, EntryPoint = "NCONF_load_bio")]
    private static partial int LoadMemory(nint configuration, nint memory, nint errorLine);

    [LibraryImport(Library, EntryPoint = "NCONF_get_string", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetString(nint configuration, string? group, string name);

    [LibraryImport(Library, EntryPoint = "CONF_modules_load", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LoadModules(nint configuration, string application, uint flags);

    [LibraryImport(Library, EntryPoint = "BIO_new_mem_buf")]
    private static partial nint NewMemory(byte* bytes, int length);

    [LibraryImport(Library, EntryPoint = "BIO_free")]
    private static partial int FreeMemory(nint memory);
}
