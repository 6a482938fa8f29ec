using System.Reflection;

namespace Cistern.Architecture.Tests;

public class DependencyTests
{
    private static readonly Assembly Protocol = typeof(RemoteProtocol.Xdr.XdrReader).Assembly;
    private static readonly Assembly Storage = typeof(Storage.StorageDriver).Assembly;

    [Fact]
    public void The_byte_layer_needs_nothing_but_the_framework()
    {
        Assert.All(ReferencesOf(Protocol), name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
        Assert.DoesNotContain(ReferencesOf(Protocol), name => name.StartsWith("System.Net", StringComparison.Ordinal));
    }

    [Fact]
    public void The_storage_driver_knows_neither_protocol_nor_server()
    {
        Assert.DoesNotContain(ReferencesOf(Storage), name => name.StartsWith("Cistern", StringComparison.Ordinal) || name == "cisternd");
        Assert.DoesNotContain(ReferencesOf(Storage), name => name.StartsWith("System.Net.Sockets", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_services_secrets_mapping_and_hosting_see_the_driver()
    {
        var offenders = RepositoryRoot.SourceFiles("src/Server")
            .Where(file => !Below(file, "Services") && !Below(file, "Mapping") && !Below(file, "Hosting") && !Below(file, "HostSecrets"))
            .Where(file => File.ReadAllText(file).Contains("Cistern.Storage", StringComparison.Ordinal));
        Assert.Empty(offenders);

        static bool Below(string file, string folder) => file.Contains($"/src/Server/{folder}/", StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_is_started_only_by_the_command_runner()
    {
        var offenders = RepositoryRoot.SourceFiles("src")
            .Where(file => Path.GetFileName(file) != "CommandRunner.cs")
            .Where(file => File.ReadAllText(file) is var text
                && (text.Contains("Process.Start", StringComparison.Ordinal) || text.Contains("new Process", StringComparison.Ordinal)));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Errors_of_the_driver_are_made_only_by_their_factories()
    {
        var offenders = RepositoryRoot.SourceFiles("src")
            .Where(file => Path.GetFileName(file) is var name && name != "StorageErrors.cs")
            .Where(file => File.ReadAllText(file).Contains("new StorageException(", StringComparison.Ordinal));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Pool_types_are_told_apart_only_where_their_facts_are()
    {
        var offenders = RepositoryRoot.SourceFiles("src/StorageDriver")
            .Where(file => !file.Contains("/Backends/", StringComparison.Ordinal) && !file.Contains("/Definitions/", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(file).Where(TestsAType).Select(line => $"{Path.GetFileName(file)}: {line.Trim()}"));
        Assert.Empty(offenders);

        static bool TestsAType(string line) =>
            line.Contains("== PoolType.", StringComparison.Ordinal) || line.Contains("!= PoolType.", StringComparison.Ordinal) || line.Contains("is PoolType.", StringComparison.Ordinal);
    }

    [Fact]
    public void What_ships_uses_no_reflection_based_serialisation()
    {
        string[] forbidden = ["XmlSerializer", "Activator.CreateInstance", "System.Text.Json.JsonSerializer.", "Expression.Compile"];
        var offenders = RepositoryRoot.SourceFiles("src")
            .Where(file => !file.Contains("RemoteProtocol.Generator", StringComparison.Ordinal))
            .SelectMany(file => forbidden.Where(word => File.ReadAllText(file).Contains(word, StringComparison.Ordinal)).Select(word => $"{file}: {word}"));
        Assert.Empty(offenders);
    }

    private static IEnumerable<string> ReferencesOf(Assembly assembly) => assembly.GetReferencedAssemblies().Select(reference => reference.Name!);
}
