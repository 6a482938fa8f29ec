using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    private static readonly Guid Id = Guid.Parse("11111111-2222-3333-4444-555555555511");
    private static readonly byte[] Value = [1, 0, 255];

    private readonly TemporaryFolder _parent = new();
    private readonly SecretStore _secrets;

    public SecretStoreTests() => _secrets = Open();

    private string Folder => _parent["secrets"];

    public void Dispose()
    {
        _secrets.Dispose();
        _parent.Dispose();
    }

    [Fact]
    public async Task A_secret_and_its_value_survive_a_restart_in_files_for_the_owner_only()
    {
        await DefineAsync();
        await _secrets.SetValueAsync(Id, Value, 0, default);
        using var restarted = Open();
        Assert.Equal(Value, restarted.GetValue(Id, 0));
        Assert.Equal(_secrets.GetXml(Id, 0), restarted.GetXml(Id, 0));
        Assert.Equal("AQD/", File.ReadAllText(Path.Join(Folder, $"{Id}.base64")));
        Assert.All(Directory.GetFiles(Folder), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
    }

    [Fact]
    public async Task A_document_is_read_for_what_it_names_only_before_its_sender_was_found_to_have_the_right()
    {
        SecretReference asked = default;
        var named = $"<uuid>{Id}</uuid><usage type='volume'><volume>/a</volume></usage>";
        foreach (var rest in new[] { "<", "<unknown>", "</secret>" })
        {
            await Assert.ThrowsAsync<InvalidOperationException>(
                () => _secrets.DefineAsync($"<secret ephemeral='nosuch'>{named}{rest}", 0, Deny, default).AsTask());
            Assert.Equal(new SecretReference(Id, SecretUsageType.Volume, "/a"), asked);
        }

        ValueTask Deny(SecretReference of)
        {
            asked = of;
            throw new InvalidOperationException("denied");
        }
    }

    [Fact]
    public async Task An_ephemeral_secret_never_reaches_the_disk()
    {
        await DefineAsync(ephemeral: true);
        await _secrets.SetValueAsync(Id, Value, 0, default);
        Assert.Equal(Value, _secrets.GetValue(Id, 0));
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task A_secret_that_changes_its_kind_moves_between_disk_and_memory_with_its_value()
    {
        await DefineAsync(ephemeral: true);
        await _secrets.SetValueAsync(Id, Value, 0, default);
        await DefineAsync();
        Assert.Equal(2, Directory.GetFiles(Folder).Length);
        await DefineAsync(ephemeral: true);
        Assert.Empty(Directory.GetFiles(Folder));
        Assert.Equal(Value, _secrets.GetValue(Id, 0));
    }

    [Fact]
    public async Task A_private_value_is_told_to_nobody()
    {
        await DefineAsync(isPrivate: true);
        await _secrets.SetValueAsync(Id, Value, 0, default);
        ShouldFail(65, () => _secrets.GetValue(Id, 0));
    }

    [Fact]
    public async Task A_secret_without_a_value_and_one_that_is_not_there_answer_66()
    {
        await DefineAsync();
        ShouldFail(66, () => _secrets.GetValue(Id, 0));
        ShouldFail(66, () => _secrets.GetValue(Guid.NewGuid(), 0));
        ShouldFail(66, () => _secrets.LookupByUsage(1, "/nowhere"));
        ShouldFail(66, () => _secrets.LookupByUsage(0, ""));
    }

    [Fact]
    public async Task Usage_and_privacy_cannot_be_taken_back()
    {
        await DefineAsync(isPrivate: true);
        await ShouldFailAsync(1, () => DefineAsync());
        await ShouldFailAsync(1, () => DefineAsync(isPrivate: true, usage: "/other"));
        await ShouldFailAsync(1, () => DefineAsync(id: Guid.NewGuid()));
        Assert.Single(_secrets.List(0));
    }

    [Fact]
    public async Task Undefining_removes_both_files()
    {
        await DefineAsync();
        await _secrets.SetValueAsync(Id, Value, 0, default);
        await _secrets.UndefineAsync(Id, default);
        Assert.Empty(Directory.GetFiles(Folder));
        ShouldFail(66, () => _secrets.LookupByUuid(Id));
    }

    [Theory]
    [InlineData(0u, 3)]
    [InlineData(1u, 1)]
    [InlineData(2u, 2)]
    [InlineData(3u, 3)]
    [InlineData(4u, 1)]
    [InlineData(8u, 2)]
    [InlineData(5u, 0)]
    public async Task Lists_are_filtered_by_pairs_of_bits(uint flags, int count)
    {
        await DefineAsync(ephemeral: true);
        await DefineAsync(isPrivate: true, usage: "/b", id: Guid.NewGuid());
        await DefineAsync(usage: "/c", id: Guid.NewGuid());
        Assert.Equal(count, _secrets.List(flags).Count);
    }

    [Fact]
    public void Unknown_flags_answer_8()
    {
        ShouldFail(8, () => _secrets.List(16));
        ShouldFail(8, () => _secrets.GetXml(Id, 1));
    }

    [Fact]
    public async Task Events_come_in_order_and_a_value_that_stays_the_same_counts()
    {
        var events = new List<SecretEventKind>();
        using (_secrets.Subscribe(happened => events.Add(happened.Kind)))
        {
            await DefineAsync();
            await _secrets.SetValueAsync(Id, Value, 0, default);
            await _secrets.SetValueAsync(Id, Value, 0, default);
            await _secrets.UndefineAsync(Id, default);
        }

        await DefineAsync();
        Assert.Equal([SecretEventKind.Defined, SecretEventKind.ValueChanged, SecretEventKind.ValueChanged, SecretEventKind.Undefined], events);
    }

    [Fact]
    public async Task A_broken_file_costs_only_its_own_secret()
    {
        await DefineAsync();
        File.WriteAllText(Path.Join(Folder, "broken.xml"), "<secret");
        File.WriteAllText(Path.Join(Folder, $"{Guid.NewGuid()}.xml"), SecretXml.Format(SecretXml.Parse("<secret/>", false)));
        using var restarted = Open();
        Assert.Equal(Id, Assert.Single(restarted.List(0)).Uuid);
    }

    private SecretStore Open() => SecretStore.Open(Folder, NullLoggerFactory.Instance);

    private async Task DefineAsync(bool ephemeral = false, bool isPrivate = false, string usage = "/a", Guid? id = null) => await _secrets.DefineAsync(
        $"<secret ephemeral='{(ephemeral ? "yes" : "no")}' private='{(isPrivate ? "yes" : "no")}'><uuid>{id ?? Id}</uuid>"
            + $"<usage type='volume'><volume>{usage}</volume></usage></secret>",
        0,
        default);

    private static void ShouldFail(int code, Action action) => ShouldBe(code, Assert.Throws<StorageException>(action));

    private static async Task ShouldFailAsync(int code, Func<Task> action) => ShouldBe(code, await Assert.ThrowsAsync<StorageException>(action));

    private static void ShouldBe(int code, StorageException error) => Assert.Equal((code, 30), ((int)error.Code, (int)error.Domain));
}
