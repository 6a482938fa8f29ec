using Cistern.Server.Hosting;
using Cistern.Support;

namespace Cistern.Server.Tests.Hosting;

public sealed class ConfigurationCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_wrong_with_a_good_file() => Assert.Empty(Faults("live_pools = 1\nunix_sock_group = \"root\"\n"));

    [Fact]
    public void A_mistake_does_not_hide_the_others() =>
        Assert.Equal(
            [At(1, "'live_pools' must be 0 or 1"), At(2, "unknown key 'bogus'"), At(4, "'delete_guard' is set twice"), At(5, "a string has no end")],
            Faults("live_pools = 2\nbogus = 1\ndelete_guard = 1\ndelete_guard = 1\nlisten_addr = \"x\n"));

    [Fact]
    public void A_group_that_is_not_there_is_named_with_its_line()
    {
        var fault = Assert.Single(Faults("\nunix_sock_group = \"no-such-group\"\n"));
        Assert.StartsWith(At(2, ""), fault, StringComparison.Ordinal);
        Assert.Contains("'no-such-group'", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_the_place_of_the_sockets_folder_is_named()
    {
        _folder.Write("file", []);
        Assert.Equal([At(1, $"the folder of the sockets cannot be made: {_folder["file"]} is a file")], Faults($"unix_sock_dir = \"{_folder["file"]}/sockets\""));
    }

    [Fact]
    public void Each_tls_file_that_cannot_be_read_is_named()
    {
        _folder.Write("ca", []);
        var faults = Faults($"ca_file = \"{_folder["ca"]}\"\ncert_file = \"/no/cert\"\nkey_file = \"/no/key\"\n");
        Assert.Equal(2, faults.Count);
        Assert.Contains(faults, fault => fault.StartsWith(At(2, ""), StringComparison.Ordinal) && fault.Contains("/no/cert", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith(At(3, ""), StringComparison.Ordinal) && fault.Contains("/no/key", StringComparison.Ordinal));
    }

    [Fact]
    public void A_tls_file_without_a_certificate_is_named()
    {
        _folder.Write("f", []);
        var fault = Assert.Single(Faults($"key_file = \"{_folder["f"]}\"\ncert_file = \"{_folder["f"]}\"\nca_file = \"{_folder["f"]}\"\n"));
        Assert.Contains("it holds no certificate", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_authentication_only_loopback_can_be_listened_on()
    {
        const string Text = "listen_tls = 0\nlisten_tcp = 1\nauth_tcp = \"none\"\nlisten_addr = \"0.0.0.0\"\n";
        Assert.Empty(Faults(Text));
        Assert.Equal([At(3, "without authentication only a loopback address can be served, not 0.0.0.0")], Faults(Text, listens: true));
    }

    [Fact]
    public void A_file_that_was_named_must_be_there()
    {
        Assert.Contains("/no/such.conf", Assert.Single(new ConfigurationCheck(Options() with { ConfigurationFile = "/no/such.conf" }).Run(out var file)), StringComparison.Ordinal);
        Assert.Null(file);
    }

    [Fact]
    public void Faults_are_told_as_errors_with_code_1_and_their_absence_with_0()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(0, new ConfigurationCheck(Options()).Report(output, error));
        Assert.Contains("defaults hold", output.ToString(), StringComparison.Ordinal);
        Assert.Empty(error.ToString());

        File.WriteAllText(_folder["c.conf"], "bogus = 1");
        Assert.Equal(1, new ConfigurationCheck(Options() with { ConfigurationFile = _folder["c.conf"] }).Report(TextWriter.Null, error));
        Assert.Equal(At(1, "unknown key 'bogus'") + Environment.NewLine, error.ToString());
    }

    private ServerOptions Options() => new() { Folders = InstanceFolders.Below(_folder.Path) };

    private string At(int line, string what) => $"{_folder["c.conf"]}:{line}: {what}";

    private IReadOnlyList<string> Faults(string text, bool listens = false)
    {
        File.WriteAllText(_folder["c.conf"], text);
        return new ConfigurationCheck(Options() with { ConfigurationFile = _folder["c.conf"], ListensAsConfigured = listens }).Run(out _);
    }
}
