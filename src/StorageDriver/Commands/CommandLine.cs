using System.Collections.Immutable;
using System.Globalization;

namespace Cistern.Storage.Commands;

/// <summary>What is executed for a <see cref="Command"/>: absolute paths, and the tools that set user and limits before it.</summary>
public static class CommandLine
{
    /// <summary>The whole argv, the program's path first.</summary>
    /// <exception cref="Errors.StorageException">1/18: a tool is not installed.</exception>
    public static ImmutableArray<string> Build(Command command, HostTools tools)
    {
        ImmutableArray<string>.Builder line = ImmutableArray.CreateBuilder<string>();
        if (command.RunAs is var (uid, gid))
        {
            line.AddRange(tools.Resolve("setpriv"), Number("--reuid=", uid), Number("--regid=", gid), "--clear-groups", "--");
        }

        if (command.Limits is var (addressSpace, cpuSeconds))
        {
            line.AddRange(tools.Resolve("prlimit"), Number("--as=", addressSpace), Number("--cpu=", cpuSeconds), "--");
        }

        line.Add(tools.Resolve(command.Tool));
        line.AddRange(command.Arguments);
        return line.DrainToImmutable();
    }

    /// <summary>The tool's own part of the line as error texts show it, without what sets user and limits.</summary>
    public static string Describe(Command command, HostTools tools) =>
        string.Join(' ', command.Arguments.Prepend(tools.Find(command.Tool) ?? command.Tool));

    private static string Number(string option, ulong value) => option + value.ToString(CultureInfo.InvariantCulture);
}
