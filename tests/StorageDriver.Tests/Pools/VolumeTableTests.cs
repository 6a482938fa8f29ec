using System.Runtime.CompilerServices;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Pools;

public sealed class VolumeTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(20_000)]
    public void A_table_finds_lists_and_forgets_what_it_was_given(int count)
    {
        var names = Enumerable.Range(0, count).Select(number => $"volume-{number}").ToArray();
        var table = With(VolumeTable.Empty, names);
        Assert.Equal(count, table.Count);
        Assert.Equal(names.Order(), table.Entries.Select(entry => entry.Name).Order());
        Assert.All(names, name => Assert.Equal(name, table.Find(name)?.Name));
        Assert.Null(table.Find("volume"));

        var edit = table.Change();
        foreach (var name in names.Where((_, number) => number % 3 != 0))
        {
            edit.Remove(name);
        }

        var rest = edit.ToTable();
        Assert.Equal(names.Where((_, number) => number % 3 == 0).Order(), rest.Entries.Select(entry => entry.Name).Order());
        Assert.Equal(rest.Count, rest.Entries.Count());
        Assert.Equal(names.Order(), table.Entries.Select(entry => entry.Name).Order());
    }

    [Fact]
    public void An_entry_takes_the_place_of_the_one_of_its_name()
    {
        var table = With(VolumeTable.Empty, "a", "b");
        var edit = table.Change();
        VolumeEntry later = Entry("a", 7);
        edit.Set(later);
        edit.Remove("c");
        var (before, after) = Assert.Single(edit.Changes);
        Assert.Same(table.Find("a"), before);
        Assert.Same(later, after);
        Assert.Same(later, edit.ToTable().Find("a"));
        Assert.Equal(2, edit.ToTable().Count);
    }

    [Fact]
    public void A_change_never_shows_in_the_table_it_began_with()
    {
        var names = Enumerable.Range(0, 2_000).Select(number => $"{number}").ToArray();
        var table = With(VolumeTable.Empty, names);
        var first = table.Change();
        first.Remove("5");
        first.Set(Entry("new", 2));
        var second = table.Change();
        second.Set(Entry("5", 3));
        Assert.Equal((1, 2_000), ((int)table.Find("5")!.Changed, table.Count));
        Assert.Equal((null, 2_000), (first.Find("5"), first.ToTable().Count));
        Assert.Equal((3, 2_000), ((int)second.Find("5")!.Changed, second.ToTable().Count));
    }

    [Fact]
    public void A_table_does_not_keep_those_before_it()
    {
        var (table, first) = Changed();
        for (int collections = 0; first.IsAlive && collections < 10; collections++)
        {
            GC.Collect();
        }

        Assert.False(first.IsAlive);
        Assert.Equal(100, table.Count);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (VolumeTable, WeakReference) Changed()
        {
            var names = Enumerable.Range(0, 100).Select(number => $"{number}").ToArray();
            var before = With(VolumeTable.Empty, names);
            var edit = before.Change();
            edit.Set(Entry("1", 2));
            return (edit.ToTable(), new WeakReference(before));
        }
    }

    [Fact]
    public void Names_with_one_hash_are_told_apart()
    {
        Dictionary<int, string> hashes = [];
        string[] alike = [];
        for (int number = 0; alike.Length == 0; number++)
        {
            string name = $"{number}";
            alike = hashes.TryAdd(name.GetHashCode(), name) ? [] : [hashes[name.GetHashCode()], name];
        }

        var table = With(VolumeTable.Empty, [.. alike, "other"]);
        Assert.Equal(3, table.Count);
        Assert.All(alike, name => Assert.Equal(name, table.Find(name)?.Name));
        Assert.Equal(table.Entries.Select(entry => entry.Name).Order(), new[] { alike[0], alike[1], "other" }.Order());

        var replaced = table.Change();
        replaced.Set(Entry(alike[1], 2));
        Assert.Same(table.Find(alike[1]), Assert.Single(replaced.Changes).Before);
        Assert.Equal((1, 2), ((int)replaced.Find(alike[0])!.Changed, (int)replaced.Find(alike[1])!.Changed));
        Assert.Equal(1, table.Find(alike[1])!.Changed);

        foreach (var name in alike)
        {
            replaced.Remove(name);
            Assert.Null(replaced.Find(name));
        }

        Assert.Equal(["other"], replaced.ToTable().Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void What_a_scan_found_in_the_same_order_again_is_the_same_table()
    {
        var contents = new PoolContents(default, [Volume("b"), Volume("a")]);
        ChangeLog changes = new();
        var table = ScanMerge.Merge(VolumeTable.Empty, contents, changes, changes.BeginScan()).ToTable();
        Assert.Equal(["b", "a"], table.AsFound.Select(entry => entry.Name));
        Assert.Same(table, ScanMerge.Merge(table, contents, changes, changes.BeginScan()).ToTable());

        var other = With(table, "c");
        Assert.Empty(other.AsFound);
        Assert.Equal(["b", "a"], ScanMerge.Merge(other, contents, changes, changes.BeginScan()).ToTable().AsFound.Select(entry => entry.Name));
    }

    private static VolumeTable With(VolumeTable table, params string[] names)
    {
        var edit = table.Change();
        Array.ForEach(names, name => edit.Set(Entry(name, 1)));
        return edit.ToTable();
    }

    private static VolumeEntry Entry(string name, long changed) => new(Volume(name), changed);

    private static ScannedVolume Volume(string name) => new(new VolumeDefinition { Name = name, Key = $"/pool/{name}", Target = new VolumeTarget() });
}
