using Cistern.Server.Hosting;
using Cistern.Server.Logging;
using Cistern.Support;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Hosting;

public sealed class ConfigurationReloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _log = new();
    private readonly List<ServerOptions> _applied = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_can_change_is_applied_and_what_cannot_is_named()
    {
        Write("live_pools = 1\nca_file = \"/a\"\nlive_pools_off = [ \"p\" ]\n");
        var reload = Reload();
        Write("live_pools = 0\nca_file = \"/b\"\nlive_pools_off = [ 'p' ]\ntls_allowed_dn_list = [ \"C=GB\" ]\nmax_anonymous_clients = 3\n");
        reload.Run();
        var tls = Assert.Single(_applied).TlsOptions;
        Assert.Equal(("/b", "C=GB"), (tls.CaFile, Assert.Single(tls.AllowedNames!)));
        Assert.EndsWith("the next start on: live_pools, max_anonymous_clients\n", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_taken_back_needs_no_restart_any_more()
    {
        Write("live_pools = 1\n");
        var reload = Reload();
        Write("live_pools = 0\n");
        reload.Run();
        Assert.Contains("next start", _log.ToString(), StringComparison.Ordinal);
        _log.GetStringBuilder().Clear();
        Write("live_pools = 1\n");
        reload.Run();
        Assert.DoesNotContain("next start", _log.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, _applied.Count);
    }

    [Fact]
    public void A_mistake_changes_nothing()
    {
        Write("live_pools = 1\n");
        var reload = Reload();
        Write("ca_file = \"/b\"\nbogus = 1\n");
        reload.Run();
        Assert.Empty(_applied);
        Assert.Contains($"{_folder["c.conf"]}:2: unknown key 'bogus'", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_gone_changes_nothing()
    {
        Write("");
        var reload = Reload();
        File.Delete(_folder["c.conf"]);
        reload.Run();
        Assert.Empty(_applied);
        Assert.Contains("c.conf", _log.ToString(), StringComparison.Ordinal);
    }

    private void Write(string text) => File.WriteAllText(_folder["c.conf"], text);

    private ConfigurationReload Reload()
    {
        var options = new ServerOptions { Folders = InstanceFolders.Below(_folder.Path), ConfigurationFile = _folder["c.conf"] };
        return new(options, _applied.Add, new LogSettings(LogLevel.Information, _log, TimeProvider.System).CreateLogger("test"));
    }
}
