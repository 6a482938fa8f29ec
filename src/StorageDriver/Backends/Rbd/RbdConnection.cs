using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>How a cluster is reached: the settings that a source makes, and the connecting, which blocks.</summary>
internal static class RbdConnection
{
    /// <summary>Seconds, libvirt's, for every wait on the cluster: a document may set others.</summary>
    private const string Timeout = "30";

    /// <summary>What is set for every cluster, but for its key, in this order; the options of the document come last.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Settings(PoolSource source) =>
    [
        // The library would write there what it does not understand, a malformed key too.
        new("log_to_stderr", "false"),
        new("err_to_stderr", "false"),
        new("auth_supported", source.Auth is null ? "none" : "cephx"),
        new("mon_host", MonitorList(source)),
        new("client_mount_timeout", Timeout),
        new("rados_mon_op_timeout", Timeout),
        new("rados_osd_op_timeout", Timeout),
        new("rbd_default_format", "2"),

        // Transfers keep many requests on their way by themselves; a copy of everything in a cache is of no use to them.
        new("rbd_cache", "false"),
    ];

    /// <summary>The monitors as Ceph has them in one line.</summary>
    public static string MonitorList(PoolSource source) => string.Join(',', source.Hosts.Select(Monitor));

    /// <param name="key">The value of the secret; null without authentication.</param>
    /// <exception cref="StorageException">1/18: an option is unknown, or the library is missing; 38/18: the cluster does not answer, or lets nobody in.</exception>
    public static RadosCluster Connect(PoolSource source, IEnumerable<KeyValuePair<string, string>> options, ReadOnlyMemory<byte>? key)
    {
        RadosCluster cluster = Load(source.Auth?.Username);
        try
        {
            foreach ((string option, string value) in Settings(source).Concat(options))
            {
                Check(RadosCalls.Set(cluster, option, value), option);
            }

            if (key is { } secret)
            {
                SetKey(cluster, secret.Span);
            }

            int result = RadosCalls.Connect(cluster);
            return result >= 0 ? cluster : throw StorageErrors.System(-result, $"cannot connect to the cluster at '{MonitorList(source)}'");
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    private static RadosCluster Load(string? user)
    {
        Require(RadosCalls.Library, "librados2", () => RadosCalls.Version(out _, out _, out _));
        Require(RbdCalls.Library, "librbd1", () => RbdCalls.Version(out _, out _, out _));
        int result = RadosCluster.Create(user, out RadosCluster cluster);
        if (result >= 0)
        {
            return cluster;
        }

        cluster.Dispose();
        throw StorageErrors.System(-result, "cannot prepare a connection to a cluster");
    }

    private static void Require(string library, string package, Action call)
    {
        try
        {
            call();
        }
        catch (DllNotFoundException)
        {
            throw StorageErrors.LibraryMissing(library, package);
        }
    }

    private static string Monitor(SourceHost host) =>
        host.Port == 0 ? host.Name
        : host.Name.Contains(':', StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"[{host.Name}]:{host.Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{host.Name}:{host.Port}");

    /// <summary>The key goes from memory to memory, and nowhere else.</summary>
    private static unsafe void SetKey(RadosCluster cluster, ReadOnlySpan<byte> secret)
    {
        byte[] text = GC.AllocateArray<byte>(Base64.GetMaxEncodedToUtf8Length(secret.Length) + 1, pinned: true);
        try
        {
            OperationStatus encoded = Base64.EncodeToUtf8(secret, text, out _, out _);
            fixed (byte* start = text)
            {
                Check(encoded == OperationStatus.Done ? RadosCalls.Set(cluster, "key", start) : -1, "key");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private static void Check(int result, string option)
    {
        if (result < 0)
        {
            throw StorageErrors.RadosOption(option);
        }
    }
}
