using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Cistern.Server.Transport;

namespace Cistern.Server.Hosting.Background;

/// <summary>
/// Running in the background. A process of .NET cannot fork: it starts itself again in a session of its own, and waits until that process
/// tells through a pipe that it listens. Until then the two share standard output and error.
/// </summary>
internal sealed partial class Detachment
{
    /// <summary>Tells the new process what it is: the descriptor of the pipe's end.</summary>
    private const string Variable = "CISTERND_DETACHED";

    private const string NullDevice = "/dev/null";
    private const string DescriptorFolder = "/proc/self/fd";

    private readonly SocketHandle _pipe;

    private Detachment(SocketHandle pipe) => _pipe = pipe;

    /// <summary>What this process is to tell, where it is the one in the background; null: it is not.</summary>
    public static Detachment? OfThisProcess()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor))
        {
            return null;
        }

        Environment.SetEnvironmentVariable(Variable, null);
        var pipe = new SocketHandle(descriptor);
        _ = LinuxSockets.ControlFile(pipe, LinuxSockets.SetDescriptorFlags, LinuxSockets.CloseOnExec);
        return new Detachment(pipe);
    }

    /// <summary>Starts this program again in the background, and waits until it listens or has failed.</summary>
    /// <param name="arguments">Those of this process.</param>
    /// <returns>The exit code to end with; zero when it listens.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static unsafe int Start(IReadOnlyList<string> arguments)
    {
        var ends = stackalloc int[2];
        if (LinuxSockets.Pipe(ends, LinuxSockets.SockCloExec) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        using var read = new SocketHandle(ends[0]);
        int process;
        using (new SocketHandle(ends[1]))
        {
            process = Spawn(arguments, ends[1]);
        }

        byte told;
        nint count;
        do
        {
            count = LinuxSockets.Read(read, &told, 1);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == LinuxSockets.EINTR);
        return count == 1 ? 0 : ExitCode(process);
    }

    /// <summary>The server listens: whoever started it goes on. A file that output or the log was directed into stays; a terminal or a pipe is let go.</summary>
    public unsafe void Complete()
    {
        foreach (var standard in (int[])[StandardStream.Output, StandardStream.Error])
        {
            if (!LeadsIntoFile(standard))
            {
                LetGo(standard);
            }
        }

        byte told = 0;
        _ = LinuxSockets.Write(_pipe, &told, 1);
        _pipe.Dispose();
    }

    /// <summary>The runtime has duplicates of its own of what it was started with: each that leads to the same place leads nowhere from now on.</summary>
    private static void LetGo(int standard)
    {
        using var nothing = File.OpenHandle(NullDevice, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var place = LinkOf(standard);
        foreach (var path in Directory.GetFileSystemEntries(DescriptorFolder))
        {
            var descriptor = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            if (descriptor != standard && LinkOf(descriptor) == place)
            {
                _ = Duplicate(nothing, descriptor, LinuxSockets.SockCloExec);
            }
        }

        _ = Duplicate(nothing, standard, 0);
    }

    private static string? LinkOf(int descriptor) => new FileInfo($"{DescriptorFolder}/{descriptor.ToString(CultureInfo.InvariantCulture)}").LinkTarget;

    /// <summary>Only what is a file can be sought in.</summary>
    private static bool LeadsIntoFile(int descriptor)
    {
        const int Current = 1;
        return Seek(descriptor, 0, Current) >= 0 && LinkOf(descriptor)?.StartsWith("/dev/", StringComparison.Ordinal) == false;
    }

    private static int ExitCode(int process)
    {
        const int Failed = 1;
        return WaitFor(process, out var status, 0) == process && (status & 0x7f) == 0 && status >> 8 is > 0 and var code ? code : Failed;
    }

    private static unsafe int Spawn(IReadOnlyList<string> arguments, int pipe)
    {
        // Room for glibc's opaque types.
        const int OpaqueSize = 512;
        const int NewSession = 0x80;
        const int Input = 0;
        var program = Environment.ProcessPath!;

        // Run by "dotnet", the program is its first argument.
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, Path.GetFullPath(Environment.GetCommandLineArgs()[0])] : [program];
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")
            .Append($"{Variable}={pipe.ToString(CultureInfo.InvariantCulture)}");
        byte* actions = stackalloc byte[OpaqueSize], attributes = stackalloc byte[OpaqueSize];
        byte** argv = Strings([.. self, .. arguments]), envp = Strings([.. environment]);
        try
        {
            var process = 0;
            var error = ActionsInit(actions);
            error = error == 0 ? ActionsOpen(actions, Input, NullDevice, 0, 0) : error;

            // Onto itself: the new process inherits it.
            error = error == 0 ? ActionsDuplicate(actions, pipe, pipe) : error;
            error = error == 0 ? AttributesInit(attributes) : error;
            error = error == 0 ? AttributesSetFlags(attributes, NewSession) : error;
            error = error == 0 ? PosixSpawn(out process, argv[0], actions, attributes, argv, envp) : error;
            return error == 0 ? process : throw new Win32Exception(error, $"cannot start {program} in the background");
        }
        finally
        {
            NativeMemory.Free(argv);
            NativeMemory.Free(envp);
        }
    }

    /// <summary>An array as execve(2) takes it, ended by null, in one block of memory.</summary>
    private static unsafe byte** Strings(string[] values)
    {
        var table = (values.Length + 1) * sizeof(byte*);
        var size = table + values.Sum(value => Encoding.UTF8.GetByteCount(value) + 1);
        var result = (byte**)NativeMemory.AllocZeroed((nuint)size);
        var rest = new Span<byte>(result, size)[table..];
        for (var index = 0; index < values.Length; index++)
        {
            result[index] = (byte*)result + (size - rest.Length);
            rest = rest[(Encoding.UTF8.GetBytes(values[index], rest) + 1)..];
        }

        return result;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static unsafe partial int PosixSpawn(out int process, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int ActionsOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static unsafe partial int ActionsDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int AttributesSetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitFor(int process, out int status, int options);

    [LibraryImport("libc", EntryPoint = "dup3", SetLastError = true)]
    private static partial int Duplicate(SafeHandle from, int to, int flags);
}
