using Cistern.Storage.Host;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Scsi;

/// <summary>
/// Fibre Channel hosts in a folder, laid out as the kernel's scsi_transport_fc lays them out. Not captured: no machine of the tests has such a host.
/// </summary>
internal sealed class FcTree : IDisposable
{
    private readonly TemporaryFolder _sys = new();
    private readonly TemporaryFolder _dev = new();

    public FcTree()
    {
        Directory.CreateDirectory(_sys["class/fc_host"]);
        Directory.CreateDirectory(_sys["class/scsi_host"]);
        Kernel = new KernelRoots(_sys.Path, _sys.Path, _dev.Path);
        Directory.CreateDirectory(_dev["disk/by-path"]);
    }

    public KernelRoots Kernel { get; }

    /// <summary>Where links to units stand.</summary>
    public string Links => _dev["disk/by-path"];

    /// <summary>Adds a host of a PCI device that can have virtual ports.</summary>
    public void AddHost(uint host, string wwpn, string wwnn = "20000000c9831b4b", string state = "Online", int used = 0, int most = 127)
    {
        string folder = Add($"devices/pci0000:00/0000:00:0{host}.0/host{host}", host, wwpn, wwnn);
        Write($"{folder}/port_state", state);
        Write($"{folder}/max_npiv_vports", $"{most}");
        Write($"{folder}/npiv_vports_inuse", $"{used}");
        Write($"{folder}/vport_create", "");
        Write($"{folder}/vport_delete", "");
    }

    /// <summary>Adds a virtual port of a host.</summary>
    public void AddPort(uint parent, uint host, string wwpn, string wwnn) =>
        Add($"devices/pci0000:00/0000:00:0{parent}.0/host{parent}/vport-{parent}:0-0/host{host}", host, wwpn, wwnn);

    /// <summary>Takes a host away.</summary>
    public void Remove(uint host)
    {
        File.Delete(_sys[$"class/fc_host/host{host}"]);
        File.Delete(_sys[$"class/scsi_host/host{host}"]);
    }

    /// <summary>Adds a unit without a block device.</summary>
    public void AddUnit(uint host, uint number)
    {
        string folder = _sys[$"bus/scsi/devices/{host}:0:0:{number}"];
        Directory.CreateDirectory(folder);
        File.WriteAllText($"{folder}/type", "0\n");
    }

    /// <summary>What was written to a file of a host; empty: nothing.</summary>
    public string Written(uint host, string file) => File.ReadAllText(_sys[$"class/fc_host/host{host}/{file}"]);

    /// <summary>What the host was told when it was to look for units; empty: nothing.</summary>
    public string Scanned(uint host) => File.ReadAllText(_sys[$"class/scsi_host/host{host}/scan"]);

    /// <summary>Removes a file of a Fibre Channel host.</summary>
    public void Delete(uint host, string file) => File.Delete(_sys[$"class/fc_host/host{host}/{file}"]);

    /// <summary>Adds a file to a SCSI host.</summary>
    public void WriteScsi(uint host, string file, string text) => Write(_sys[$"class/scsi_host/host{host}/{file}"], text);

    public void Dispose()
    {
        _sys.Dispose();
        _dev.Dispose();
    }

    private string Add(string device, uint host, string wwpn, string wwnn)
    {
        string folder = _sys[$"{device}/fc_host/host{host}"];
        Directory.CreateDirectory(folder);
        Write($"{folder}/node_name", $"0x{wwnn}\n");
        Write($"{folder}/port_name", $"0x{wwpn}\n");
        Write($"{folder}/fabric_name", "0x2002000573de9a81\n");
        string scsi = _sys[$"{device}/scsi_host/host{host}"];
        Directory.CreateDirectory(scsi);
        Write($"{scsi}/scan", "");
        Write($"{scsi}/unique_id", $"{host}\n");
        File.CreateSymbolicLink(_sys[$"class/fc_host/host{host}"], $"../../{device}/fc_host/host{host}");
        File.CreateSymbolicLink(_sys[$"class/scsi_host/host{host}"], $"../../{device}/scsi_host/host{host}");
        return folder;
    }

    private static void Write(string path, string text) => File.WriteAllText(path, text);
}
