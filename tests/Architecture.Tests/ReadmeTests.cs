using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;

namespace Cistern.Architecture.Tests;

/// <summary>README's tables are what the code says.</summary>
public class ReadmeTests
{
    [Fact]
    public void The_table_of_pool_types_is_what_the_backends_can_do() =>
        Assert.Equal(Enum.GetValues<PoolType>().Select(Row), Section("pool-types").Skip(2));

    private static string Row(PoolType type)
    {
        var name = PoolTypes.Get(type).Name;
        if (BackendRegistry.Default.Find(type) is not { } backend)
        {
            return $"| {name} | no |" + string.Concat(Enumerable.Repeat("  |", 9));
        }

        bool[] abilities =
        [
            backend is IPoolActivation, backend is IPoolProvisioning, backend is IVolumeCreation, backend is IVolumeCloning, backend is IVolumeDeletion,
            backend is IVolumeResizing, backend is IVolumeData, backend is IVolumeWiping, backend is ISourceDiscovery,
        ];
        return $"| {name} | yes |" + string.Concat(abilities.Select(able => able ? " yes |" : " – |"));
    }

    private static IEnumerable<string> Section(string name) =>
        File.ReadLines(Path.Combine(RepositoryRoot.Path, "README.md"))
            .SkipWhile(line => !line.StartsWith($"<!-- {name}:", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line != $"<!-- /{name} -->");
}
