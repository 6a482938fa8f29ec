using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Starting and ending processes. Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class ProcessCalls
{
    // Room for glibc's opaque types, which take 336, 80 and 128 bytes.
    private const int OpaqueSize = 512;

    private const uint CloseOnExec = 1;
    private const short SetProcessGroup = 2;
    private const short SetSignalDefault = 4;
    private const short SetSignalMask = 8;
    private const int BrokenPipe = 13;

    /// <summary>
    /// posix_spawn(3): standard input from a file in memory, or <c>/dev/null</c> where it is empty, standard output and error into pipes, a process group of its own, and the signal
    /// dispositions of a fresh process.
    /// </summary>
    public static int Spawn(IReadOnlyList<string> arguments, IReadOnlyList<string> environment, ReadOnlySpan<byte> input, out SpawnedChild? child)
    {
        child = null;
        SpawnedChild starting = new();
        int result = OpenInput(input, out SafeFileHandle? standardInput);
        result = result < 0 ? result : starting.OpenPipes();
        if (result >= 0)
        {
            result = Spawn(arguments, environment, standardInput, starting);
        }

        standardInput?.Dispose();

        if (result < 0)
        {
            starting.Dispose();
            return result;
        }

        child = starting;
        return 0;
    }

    /// <summary>A file of its own that holds the bytes, at its beginning; null when there are none.</summary>
    private static int OpenInput(ReadOnlySpan<byte> input, out SafeFileHandle? file)
    {
        file = null;
        if (input.IsEmpty)
        {
            return 0;
        }

        int descriptor = SystemCall.Result(MemoryFile("input", CloseOnExec));
        if (descriptor < 0)
        {
            return descriptor;
        }

        file = new SafeFileHandle(descriptor, ownsHandle: true);
        fixed (byte* bytes = input)
        {
            nuint done = 0;
            while (done < (nuint)input.Length)
            {
                // Written at an offset, so that reading begins at the beginning.
                long written = SystemCall.Result((long)WriteAt(file, bytes + done, (nuint)input.Length - done, (long)done));
                if (written < 0)
                {
                    return (int)written;
                }

                done += (nuint)written;
            }
        }

        return 0;
    }

    private static int Spawn(IReadOnlyList<string> arguments, IReadOnlyList<string> environment, SafeFileHandle? input, SpawnedChild child)
    {
        byte* actions = stackalloc byte[OpaqueSize];
        byte* attributes = stackalloc byte[OpaqueSize];
        byte* signals = stackalloc byte[OpaqueSize];
        byte** argv = Strings(arguments);
        byte** envp = Strings(environment);
        bool initialised = ActionsInit(actions) == 0 && AttributesInit(attributes) == 0;
        try
        {
            // glibc's setters fail only for want of memory.
            bool prepared = initialised
                && (input is null
                    ? ActionsOpen(actions, 0, "/dev/null", OpenFlags.ReadOnly, 0)
                    : ActionsDuplicate(actions, (int)input.DangerousGetHandle(), 0)) == 0
                && ActionsDuplicate(actions, (int)child.OutputEnd.DangerousGetHandle(), 1) == 0
                && ActionsDuplicate(actions, (int)child.ErrorEnd.DangerousGetHandle(), 2) == 0
                && AttributesSetFlags(attributes, SetProcessGroup | SetSignalDefault | SetSignalMask) == 0
                && AttributesSetProcessGroup(attributes, 0) == 0
                && SignalsEmpty(signals) == 0
                && AttributesSetSignalMask(attributes, signals) == 0
                && SignalsAdd(signals, BrokenPipe) == 0
                && AttributesSetSignalDefault(attributes, signals) == 0;
            int id = 0;
            int error = prepared ? PosixSpawn(out id, argv[0], actions, attributes, argv, envp) : Errno.NoMemory;
            return error != 0 ? -error : child.Started(id);
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
            Free(argv);
            Free(envp);
        }
    }

    /// <summary>An array as execve(2) takes it, ended by null, in one block of memory.</summary>
    private static byte** Strings(IReadOnlyList<string> values)
    {
        int table = (values.Count + 1) * sizeof(byte*);
        int size = table + values.Sum(value => Encoding.UTF8.GetByteCount(value) + 1);
        byte** result = (byte**)NativeMemory.AllocZeroed((nuint)size);
        Span<byte> rest = new Span<byte>(result, size)[table..];
        for (int i = 0; i < values.Count; i++)
        {
            result[i] = (byte*)result + (size - rest.Length);
            rest = rest[(Encoding.UTF8.GetBytes(values[i], rest) + 1)..];
        }

        return result;
    }

    private static void Free(byte** strings) => NativeMemory.Free(strings);

    [LibraryImport("libc.so.6", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(SafeFileHandle file, byte* buffer, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawn")]
    private static partial int PosixSpawn(out int id, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(byte* actions);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ActionsOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int ActionsDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int AttributesSetFlags(byte* attributes, short flags);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int AttributesSetProcessGroup(byte* attributes, int group);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int AttributesSetSignalMask(byte* attributes, byte* signals);

    [LibraryImport("libc.so.6", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int AttributesSetSignalDefault(byte* attributes, byte* signals);

    [LibraryImport("libc.so.6", EntryPoint = "sigemptyset")]
    private static partial int SignalsEmpty(byte* signals);

    [LibraryImport("libc.so.6", EntryPoint = "sigaddset")]
    private static partial int SignalsAdd(byte* signals, int signal);
}
