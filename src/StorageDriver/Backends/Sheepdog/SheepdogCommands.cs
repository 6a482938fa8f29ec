using System.Globalization;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>The command lines of sheepdog's tool. No name in them begins with a dash.</summary>
internal static class SheepdogCommands
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(60);

    /// <summary>For what touches every object of a volume.</summary>
    private static readonly TimeSpan ChangeTimeout = TimeSpan.FromMinutes(10);

    public static Command Nodes(SheepdogSession node) => Dog(node, AskTimeout, "node", "info", "-r");

    /// <param name="name">Of one volume; null: all of them.</param>
    public static Command Volumes(SheepdogSession node, string? name = null) =>
        Dog(node, AskTimeout, name is null ? ["vdi", "list", "-r"] : ["vdi", "list", name, "-r"]);

    /// <param name="capacity">In bytes.</param>
    public static Command Create(SheepdogSession node, string name, ulong capacity) => Dog(node, AskTimeout, "vdi", "create", name, Number(capacity));

    public static Command Delete(SheepdogSession node, string name) => Dog(node, ChangeTimeout, "vdi", "delete", name);

    /// <param name="capacity">In bytes.</param>
    public static Command Resize(SheepdogSession node, string name, ulong capacity) => Dog(node, AskTimeout, "vdi", "resize", name, Number(capacity));

    public static Command Snapshot(SheepdogSession node, string name, string tag) => Dog(node, ChangeTimeout, "vdi", "snapshot", "-s", tag, name);

    public static Command Clone(SheepdogSession node, string name, string tag, string target) =>
        Dog(node, ChangeTimeout, "vdi", "clone", "-s", tag, name, target);

    public static Command DeleteSnapshot(SheepdogSession node, string name, string tag) => Dog(node, ChangeTimeout, "vdi", "delete", "-s", tag, name);

    public static Command Read(SheepdogSession node, string name, long offset, long length) =>
        Dog(node, AskTimeout, "vdi", "read", name, Number((ulong)offset), Number((ulong)length)) with { PrintsData = true };

    public static Command Write(SheepdogSession node, string name, long offset, ReadOnlyMemory<byte> data) =>
        Dog(node, AskTimeout, "vdi", "write", name, Number((ulong)offset), Number((ulong)data.Length)) with { Input = data };

    private static Command Dog(SheepdogSession node, TimeSpan timeout, params ReadOnlySpan<string> words) =>
        new("dog", [.. words, "-a", node.Address, "-p", node.Port.ToString(CultureInfo.InvariantCulture)]) { Timeout = timeout };

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
