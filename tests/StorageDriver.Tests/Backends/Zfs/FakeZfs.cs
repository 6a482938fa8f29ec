using System.Collections.Immutable;
using System.Globalization;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Tests.Backends.Zfs;

/// <summary>Datasets as the tools <c>zfs</c> and <c>zpool</c> keep them, as far as pools ask; says what the real ones (2.1) say.</summary>
/// <param name="folder">Where each volume of <c>tank</c> has a device, which is a file.</param>
internal sealed class FakeZfs(string folder)
{
    private const ulong BlockSize = 8192;

    /// <summary>Volumes by name: their size, and the space kept for them.</summary>
    public SortedDictionary<string, (ulong Size, ulong Reservation)> Volumes { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Datasets { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Snapshots { get; } = new(StringComparer.Ordinal);

    /// <summary>Snapshots that are to go with the last clone.</summary>
    public HashSet<string> Released { get; } = new(StringComparer.Ordinal);

    public CommandResult Run(Command command)
    {
        ImmutableArray<string> words = command.Arguments;
        string last = words[^1];
        return (command.Tool, words[0]) switch
        {
            ("zpool", "get") => Datasets.Contains(last)
                ? Says($"{last}\thealth\tONLINE\t-\n{last}\tsize\t251658240\t-\n{last}\tfree\t251381760\t-\n{last}\tallocated\t276480\t-\n")
                : Fails($"cannot open '{last}': no such pool\n"),
            ("zpool", "create") => Datasets.Add(words[1]) ? Says("") : Fails($"cannot create '{words[1]}': pool already exists\n"),
            ("zpool", "destroy") => Remove(last),
            ("zfs", "list") when words.Contains("volume") => List(last),
            ("zfs", "list") => Datasets.Contains(last) ? Says(last + "\n") : Fails($"cannot open '{last}': dataset does not exist\n"),
            ("zfs", "create") when words.Contains("-V") => Create(words, last),
            ("zfs", "create") => Datasets.Add(last) ? Says("") : Fails($"cannot create '{last}': dataset already exists\n"),
            ("zfs", "snapshot") => Snapshots.Add(last) ? Says("") : Fails("dataset already exists\n"),
            ("zfs", "clone") => Clone(words[^2], last),
            ("zfs", "get") => Says($"{BlockSize}\n"),
            ("zfs", "set") => Set(words, last),
            ("zfs", "destroy") => Destroy(words, last),
            _ => throw new ArgumentException($"{command.Tool} {words[0]}"),
        };
    }

    private static CommandResult Says(string output) => new(0, output, "");

    private static CommandResult Fails(string error) => new(1, "", error);

    private CommandResult Remove(string dataset)
    {
        Datasets.RemoveWhere(name => name == dataset || name.StartsWith(dataset + "/", StringComparison.Ordinal));
        foreach (string volume in Volumes.Keys.Where(name => name.StartsWith(dataset + "/", StringComparison.Ordinal)).ToArray())
        {
            Volumes.Remove(volume);
        }

        return Says("");
    }

    private CommandResult List(string dataset) =>
        !Datasets.Contains(dataset)
            ? Fails($"cannot open '{dataset}': dataset does not exist\n")
            : Says(string.Concat(Volumes
                .Where(volume => volume.Key[..volume.Key.LastIndexOf('/')] == dataset)
                .Select(volume => $"{volume.Key}\t{volume.Value.Size}\t{volume.Value.Reservation}\n")));

    private CommandResult Create(ImmutableArray<string> words, string dataset)
    {
        ulong size = (Bytes(words[words.IndexOf("-V") + 1]) + BlockSize - 1) / BlockSize * BlockSize;
        string? reserved = words.FirstOrDefault(word => word.StartsWith("refreservation=", StringComparison.Ordinal));
        ulong reservation = reserved is not null ? Bytes(reserved["refreservation=".Length..]) : words.Contains("-s") ? 0 : size + (1 << 20);
        return Add(dataset, size, reservation);
    }

    private CommandResult Clone(string snapshot, string dataset) =>
        Snapshots.Contains(snapshot) ? Add(dataset, Volumes[snapshot.Split('@')[0]].Size, 0) : Fails($"cannot open '{snapshot}': dataset does not exist\n");

    private CommandResult Add(string dataset, ulong size, ulong reservation)
    {
        if (!Volumes.TryAdd(dataset, (size, reservation)))
        {
            return Fails($"cannot create '{dataset}': dataset already exists\n");
        }

        using FileStream device = File.Create(Path.Combine(folder, dataset[(dataset.LastIndexOf('/') + 1)..]));
        device.SetLength((long)size);
        return Says("");
    }

    private CommandResult Set(ImmutableArray<string> words, string dataset)
    {
        (ulong size, ulong reservation) = Volumes[dataset];
        foreach (string[] property in words.Skip(1).SkipLast(1).Select(word => word.Split('=')))
        {
            if (property[0] == "volsize")
            {
                size = Bytes(property[1]);
            }
            else
            {
                reservation = property[1] == "auto" ? size + (1 << 20) : Bytes(property[1]);
            }
        }

        if (size % BlockSize != 0)
        {
            return Fails($"cannot set property for '{dataset}': 'volsize' must be a multiple of volume block size (8K)\n");
        }

        Volumes[dataset] = (size, reservation);
        return Says("");
    }

    private CommandResult Destroy(ImmutableArray<string> words, string dataset)
    {
        if (dataset.Contains('@', StringComparison.Ordinal))
        {
            return Snapshots.Contains(dataset) && Released.Add(dataset) ? Says("") : Fails("could not find any snapshots to destroy\n");
        }

        if (Datasets.Contains(dataset))
        {
            return Remove(dataset);
        }

        if (!Volumes.ContainsKey(dataset))
        {
            return Fails($"cannot open '{dataset}': dataset does not exist\n");
        }

        if (!words.Contains("-r") && Snapshots.Any(name => name.StartsWith(dataset + "@", StringComparison.Ordinal)))
        {
            return Fails($"cannot destroy '{dataset}': volume has children\nuse '-r' to destroy the following datasets:\n");
        }

        Volumes.Remove(dataset);
        File.Delete(Path.Combine(folder, dataset[(dataset.LastIndexOf('/') + 1)..]));
        Snapshots.RemoveWhere(name => name.StartsWith(dataset + "@", StringComparison.Ordinal));
        return Says("");
    }

    private static ulong Bytes(string text) =>
        text.EndsWith('K') ? ulong.Parse(text[..^1], CultureInfo.InvariantCulture) << 10 : ulong.Parse(text, CultureInfo.InvariantCulture);
}
