using Cistern.Server.Hosting;

namespace Cistern.Server.Tests.Hosting;

public sealed class InstanceFoldersTests
{
    [Fact]
    public void Every_xdg_variable_moves_its_folder()
    {
        var folders = Of(("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_RUNTIME_DIR", "/r"), ("XDG_DATA_HOME", "/d"));
        Assert.Equal(new InstanceFolders("/c/cistern", "/r/cistern", "/r/cistern", "/d/cistern/images"), folders);
        Assert.Equal("/c/cistern/secrets", folders.Secrets);
    }

    [Fact]
    public void Without_a_run_time_folder_run_state_goes_below_the_state_folder()
    {
        Assert.Equal("/h/.local/state/cistern/run", Of(("HOME", "/h")).Run);
        Assert.Equal("/s/cistern/run", Of(("HOME", "/h"), ("XDG_STATE_HOME", "/s")).Run);
    }

    [Fact]
    public void The_server_is_named_as_the_daemon_whose_sockets_it_has()
    {
        var folders = InstanceFolders.Below("/r");
        Assert.Equal(("libvirtd", "/r/run/libvirt-admin-sock"), (folders.ServerName, folders.AdminSocket));
        folders = folders with { SocketPrefix = "virtstoraged" };
        Assert.Equal(("virtstoraged", "/r/run/virtstoraged-admin-sock"), (folders.ServerName, folders.AdminSocket));
    }

    [Fact]
    public void A_relative_variable_counts_as_unset() =>
        Assert.Equal("/h/.config/cistern", Of(("HOME", "/h"), ("XDG_CONFIG_HOME", "relative")).Configuration);

    private static InstanceFolders Of(params (string Name, string Value)[] variables) =>
        InstanceFolders.OfUser(name => variables.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault());
}
