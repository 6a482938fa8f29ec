using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Persistence;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Persistence;

public sealed class PoolStoreTests : IDisposable
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();
    private readonly PoolStore _store;

    public PoolStoreTests()
    {
        var options = new StorageDriverOptions { ConfigDirectory = _folder["config"], RunDirectory = _folder["run"] };
        _store = new PoolStore(options, NullLogger<PoolStore>.Instance);
        _store.Prepare();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Configurations_are_read_back_with_their_autostart()
    {
        await _store.SaveConfigurationAsync(Pool("a"));
        await _store.SaveConfigurationAsync(Pool("b b"));
        await _store.SetAutostartAsync("b b", true);

        Assert.Equal([("a", false), ("b b", true)], _store.LoadConfigurations().Select(pool => (pool.Definition.Name, pool.Autostart)));
        Assert.Equal(_folder["config/b b.xml"], new FileInfo(_folder["config/autostart/b b.xml"]).LinkTarget);

        await _store.SetAutostartAsync("b b", false);
        await _store.RemoveConfigurationAsync("a");
        Assert.Equal([("b b", false)], _store.LoadConfigurations().Select(pool => (pool.Definition.Name, pool.Autostart)));
    }

    [Fact]
    public async Task States_are_read_back_until_removed()
    {
        await _store.SaveStateAsync(Pool("a"));
        Assert.Equal(["a"], _store.LoadStates().Select(pool => pool.Name));
        Assert.Contains("<poolstate>", await File.ReadAllTextAsync(_folder["run/a.xml"]), StringComparison.Ordinal);

        await _store.RemoveStateAsync("a");
        await _store.RemoveStateAsync("a");
        Assert.Empty(_store.LoadStates());
    }

    [Fact]
    public async Task Files_and_folders_are_the_owners_alone()
    {
        await _store.SaveConfigurationAsync(Pool("a"));
        Assert.Equal(OwnerFile, File.GetUnixFileMode(_folder["config/a.xml"]));
        Assert.Equal(OwnerFile | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["run"]));
    }

    [Fact]
    public async Task A_rewritten_file_is_another_file_put_in_place_whole()
    {
        await _store.SaveConfigurationAsync(Pool("a"));
        using var before = new StreamReader(_folder["config/a.xml"]);
        await _store.SaveConfigurationAsync(Pool("a") with { Target = new PoolTarget("/elsewhere") });

        Assert.Contains("/pools/a", await before.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("/elsewhere", _store.LoadConfigurations().Single().Definition.Target!.Path);
        Assert.Equal(["a.xml"], Directory.EnumerateFiles(_folder["config"]).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task A_name_that_leaves_the_folder_is_refused(string name)
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => _store.SaveConfigurationAsync(Pool(name)));
        Assert.Equal(StorageErrorCode.XmlError, error.Code);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*.xml", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_name_too_long_for_a_file_leaves_nothing()
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => _store.SaveConfigurationAsync(Pool(new string('a', 300))));
        Assert.Equal(StorageErrorCode.SystemError, error.Code);
        Assert.Empty(Directory.EnumerateFiles(_folder["config"]));
    }

    [Fact]
    public void What_a_killed_server_left_half_written_is_removed()
    {
        File.WriteAllText(_folder["config/.new-1-1"], "half");
        _store.Prepare();
        Assert.Empty(Directory.EnumerateFiles(_folder["config"]));
    }

    [Fact]
    public void The_first_start_is_taken_once()
    {
        Assert.True(_store.TakeFirstStart());
        Assert.False(_store.TakeFirstStart());
    }

    private static PoolDefinition Pool(string name) => new()
    {
        Type = PoolType.Dir,
        Name = name,
        Uuid = Guid.NewGuid(),
        Target = new PoolTarget("/pools/" + name),
    };
}
