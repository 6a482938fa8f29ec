using System.Globalization;
using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>What sheepdog's tool prints with <c>-r</c>: a line each, fields parted by blanks, sizes in bytes.</summary>
internal static class SheepdogOutput
{
    private const char Snapshot = 's';

    /// <summary>The numbers of the whole cluster: the line <c>Total SIZE USED AVAILABLE PERCENT VOLUMES</c> of the nodes.</summary>
    /// <exception cref="StorageException">1/18: there is none.</exception>
    public static PoolNumbers Numbers(string nodes)
    {
        foreach (string line in nodes.Split('\n'))
        {
            if (line.Split(' ') is ["Total", var size, var used, ..] && TryRead(size, out ulong capacity) && TryRead(used, out ulong allocation))
            {
                return new PoolNumbers(capacity, allocation, capacity - Math.Min(allocation, capacity));
            }
        }

        throw StorageErrors.OutputNotUnderstood("dog node info", nodes);
    }

    /// <summary>
    /// The volumes, clones among them, without their snapshots: lines <c>KIND NAME ID SIZE USED SHARED …</c>, where KIND is <c>=</c>, <c>c</c> or
    /// <c>s</c>, and blanks and backslashes of a name stand behind a backslash.
    /// </summary>
    /// <exception cref="StorageException">1/18: a line is none of these.</exception>
    public static IEnumerable<SheepdogVolume> Volumes(string list)
    {
        foreach (string line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == Snapshot)
            {
                continue;
            }

            var (name, others) = line.Length > 2 && line[1] == ' ' ? ReadName(line.AsSpan(2)) : default;
            yield return others?.Split(' ') is [_, var size, var used, ..] && TryRead(size, out ulong capacity) && TryRead(used, out ulong allocation)
                ? new SheepdogVolume(name!, capacity, allocation)
                : throw StorageErrors.OutputNotUnderstood("dog vdi list", line);
        }
    }

    private static (string Name, string Others) ReadName(ReadOnlySpan<char> text)
    {
        StringBuilder name = new();
        int at = 0;
        for (; at < text.Length && text[at] != ' '; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            name.Append(text[at]);
        }

        return (name.ToString(), text[Math.Min(at + 1, text.Length)..].ToString());
    }

    private static bool TryRead(string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
