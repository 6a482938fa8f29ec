using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Backends.Scsi;

/// <summary>Two real hosts, 5 and 6. What a driver would do with a word written to its file is played here.</summary>
public sealed class FcPortTests : IDisposable
{
    private const string Wwnn = "5001a4ae1c5d2b3a";
    private const string Wwpn = "5001a4ae1c5d2b3b";
    private const string Asked = Wwpn + ":" + Wwnn;
    private const uint Port = 7;

    private readonly FcTree _tree = new();
    private readonly TemporaryFolder _run = new();
    private readonly ScsiBackend _backend = new();
    private readonly PoolThreads _threads = new();
    private readonly Guid _uuid = Guid.NewGuid();
    private FcHostAdapter _adapter = new(null, null, null, null, null, Wwnn, Wwpn);

    public FcPortTests()
    {
        _tree.AddHost(5, "10000000c9831b4b");
        _tree.AddHost(6, "10000000c9831b4c");
    }

    private PoolContext Context => new()
    {
        Definition = new PoolDefinition
        {
            Type = PoolType.Scsi,
            Name = "fc",
            Uuid = _uuid,
            Source = PoolSource.Empty with { Adapter = _adapter },
            Target = new PoolTarget(_tree.Links),
        },
        Threads = _threads,
        Known = _ => null,
        Host = new HostContext
        {
            Commands = new FakeCommandRunner(),
            Tools = new HostTools(),
            RunDirectory = _run.Path,
            InstanceId = "test",
            Clock = TimeProvider.System,
            Kernel = _tree.Kernel,
            Loggers = NullLoggerFactory.Instance,
        },
    };

    public void Dispose()
    {
        _tree.Dispose();
        _run.Dispose();
    }

    [Fact]
    public async Task A_port_is_made_at_the_first_host_with_room()
    {
        await StartAsync(parent: 5);
        Assert.Equal(Asked, _tree.Written(5, "vport_create"));
        Assert.Equal("", _tree.Written(6, "vport_create"));
        Assert.True(await _backend.IsActiveAsync(Context, default));
    }

    [Theory]
    [InlineData("Linkdown", 0)]
    [InlineData("Online", 127)]
    public async Task A_host_that_is_down_or_full_gets_no_port(string state, int used)
    {
        _tree.Remove(5);
        _tree.AddHost(4, "10000000c9831b4a", state: state, used: used);
        await StartAsync(parent: 6);
        Assert.Equal("", _tree.Written(4, "vport_create"));
    }

    [Theory]
    [InlineData("scsi_host6")]
    [InlineData("host6")]
    public async Task The_parent_may_be_named(string name)
    {
        _adapter = _adapter with { Parent = name };
        await StartAsync(parent: 6);
        Assert.Equal(Asked, _tree.Written(6, "vport_create"));
    }

    [Fact]
    public async Task The_parent_may_be_told_by_its_own_names()
    {
        _adapter = _adapter with { ParentWwnn = "20000000c9831b4b", ParentWwpn = "0x10000000C9831B4C" };
        await StartAsync(parent: 6);
    }

    [Fact]
    public async Task The_parent_may_be_told_by_its_fabric()
    {
        _adapter = _adapter with { ParentFabricWwn = "2002000573de9a81" };
        _tree.Delete(5, "vport_create");
        await StartAsync(parent: 6);
    }

    [Fact]
    public async Task Drivers_may_have_the_file_at_the_scsi_host()
    {
        _adapter = _adapter with { Parent = "scsi_host5" };
        _tree.Delete(5, "vport_create");
        _tree.WriteScsi(5, "vport_create", "");
        Task start = _backend.StartAsync(Context, default).AsTask();
        await UntilAsync(() => File.ReadAllText($"{_tree.Kernel.Sys}/class/scsi_host/host5/vport_create") == Asked);
        Comes(5);
        await start;
    }

    [Fact]
    public async Task A_pool_deletes_the_port_that_it_made()
    {
        await StartAsync(parent: 5);
        await _backend.StopAsync(Context, default);
        Assert.Equal(Asked, _tree.Written(5, "vport_delete"));

        File.WriteAllText($"{_tree.Kernel.Sys}/class/fc_host/host5/vport_delete", "");
        await _backend.StopAsync(Context, default);
        Assert.Equal("", _tree.Written(5, "vport_delete"));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData(false, "")]
    [InlineData(true, Asked)]
    public async Task A_port_that_was_there_is_deleted_only_where_the_pool_manages_it(bool? managed, string written)
    {
        _adapter = _adapter with { Managed = managed };
        _tree.AddPort(6, Port, Wwpn, Wwnn);
        await _backend.StartAsync(Context, default);
        Assert.Equal("", _tree.Written(5, "vport_create") + _tree.Written(6, "vport_create"));
        await _backend.StopAsync(Context, default);
        Assert.Equal(written, _tree.Written(6, "vport_delete"));
    }

    [Fact]
    public async Task A_port_that_went_by_itself_needs_no_deletion()
    {
        await StartAsync(parent: 5);
        _tree.Remove(Port);
        Assert.False(await _backend.IsActiveAsync(Context, default));
        await _backend.StopAsync(Context, default);
        Assert.Equal("", _tree.Written(5, "vport_delete"));
    }

    [Fact]
    public async Task A_real_host_is_no_port()
    {
        _adapter = _adapter with { Wwnn = "20000000c9831b4b", Wwpn = "10000000c9831b4b", Managed = true };
        await FailsAsync(StorageErrorCode.ConfigUnsupported, StorageErrorDomain.Storage);
        await _backend.StopAsync(Context, default);
        Assert.Equal("", _tree.Written(5, "vport_delete"));
    }

    [Theory]
    [InlineData("scsi_host5", StorageErrorCode.XmlError, StorageErrorDomain.Storage)] // the port's parent is 6
    [InlineData("scsi_host9", StorageErrorCode.ConfigUnsupported, StorageErrorDomain.Storage)]
    [InlineData("five", StorageErrorCode.XmlError, StorageErrorDomain.Storage)]
    public async Task The_parent_of_a_port_that_was_there_has_to_be_the_one_that_is_named(string name, StorageErrorCode code, StorageErrorDomain domain)
    {
        _tree.AddPort(6, Port, Wwpn, Wwnn);
        _adapter = _adapter with { Parent = name };
        await FailsAsync(code, domain);
        _adapter = _adapter with { Parent = "host6" };
        await _backend.StartAsync(Context, default);
    }

    [Theory]
    [InlineData("scsi_host9", StorageErrorCode.XmlError, StorageErrorDomain.NodeDevice)]
    [InlineData("nine", StorageErrorCode.InternalError, StorageErrorDomain.None)]
    public async Task A_parent_that_is_not_there_makes_no_port(string name, StorageErrorCode code, StorageErrorDomain domain)
    {
        _adapter = _adapter with { Parent = name };
        await FailsAsync(code, domain);
    }

    [Fact]
    public async Task A_host_that_cannot_have_ports_makes_none()
    {
        _adapter = _adapter with { Parent = "scsi_host5" };
        _tree.Delete(5, "vport_create");
        await FailsAsync(StorageErrorCode.OperationInvalid, StorageErrorDomain.None);
    }

    [Fact]
    public async Task Without_hosts_there_is_no_port()
    {
        _tree.Remove(5);
        _tree.Remove(6);
        await FailsAsync(StorageErrorCode.XmlError, StorageErrorDomain.NodeDevice);
        _adapter = _adapter with { ParentWwnn = Wwnn, ParentWwpn = Wwpn };
        await FailsAsync(StorageErrorCode.XmlError, StorageErrorDomain.NodeDevice);
        _adapter = _adapter with { ParentWwnn = null, ParentWwpn = null, ParentFabricWwn = Wwnn };
        await FailsAsync(StorageErrorCode.XmlError, StorageErrorDomain.NodeDevice);
    }

    [Fact]
    public async Task A_scan_has_the_port_look_for_units_only_when_asked()
    {
        _tree.AddPort(5, Port, Wwpn, Wwnn);
        Assert.Empty((await _backend.RefreshAsync(Context, default)).Volumes);
        Assert.Equal("- - -", _tree.Scanned(Port));
        _tree.Remove(Port);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _backend.RefreshAsync(Context, default).AsTask());
        Assert.Equal((StorageErrorCode.XmlError, StorageErrorDomain.Storage), (error.Code, error.Domain));
    }

    /// <summary>Starts the pool, whose port and first unit come when the driver is told to make it.</summary>
    private async Task StartAsync(uint parent)
    {
        Task start = _backend.StartAsync(Context, default).AsTask();
        await UntilAsync(() => _tree.Written(parent, "vport_create") == Asked);
        Comes(parent);
        await start;
    }

    private void Comes(uint parent)
    {
        _tree.AddUnit(Port, 1);
        _tree.AddPort(parent, Port, Wwpn, Wwnn);
    }

    private async Task FailsAsync(StorageErrorCode code, StorageErrorDomain domain)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _backend.StartAsync(Context, default).AsTask());
        Assert.Equal((code, domain), (error.Code, error.Domain));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(1));
        while (!holds())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
