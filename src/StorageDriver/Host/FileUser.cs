using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>A user and group with whose rights on files calls can be made, for storage that refuses those of root (root_squash).</summary>
internal sealed partial record FileUser(uint Uid, uint Gid)
{
    private const int StackSize = 256 * 1024;

    // Numbers of the system calls; those of aarch64 are the generic ones.
    private static readonly bool Generic = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly long SetGroups = Generic ? 159 : 116;
    private static readonly long SetUser = Generic ? 151 : 122;
    private static readonly long SetGroup = Generic ? 152 : 123;

    /// <summary>Whether an error number tells of rights that are missing.</summary>
    public static bool IsRefusal(int errno) => errno is Errno.AccessDenied or Errno.NotPermitted;

    /// <summary>Makes a call as this user, or as the server where <paramref name="user"/> is null.</summary>
    public static int Run(FileUser? user, Func<int> call) => user is null ? call() : user.Run(call);

    /// <summary>
    /// Makes a call as this user, without supplementary groups, and waits for it. It runs on a thread of its own that ends with it, so that the
    /// identity gets nowhere else.
    /// </summary>
    /// <param name="call">System calls alone: the server's own files need not be readable for that user.</param>
    /// <returns>The call's result; <see cref="Errno.NotPermitted"/>, negated, for a server that may not act for others.</returns>
    public int Run(Func<int> call)
    {
        int result = -Errno.NotPermitted;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(Act, StackSize) { IsBackground = true, Name = "file user" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;

        void Act()
        {
            try
            {
                result = Become() ? call() : result;
            }
#pragma warning disable CA1031 // Whatever the call throws belongs to the caller, not to this thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }
    }

    /// <summary>
    /// Changes the calling thread alone: by bare system calls, because the C library would change every thread of the process. Those for user and
    /// group tell no errors, only what was set before.
    /// </summary>
    private bool Become()
    {
        if (Call(SetGroups, 0, 0) != 0)
        {
            return false;
        }

        _ = Call(SetGroup, Gid, 0);
        _ = Call(SetUser, Uid, 0);
        return (uint)Call(SetGroup, -1, 0) == Gid && (uint)Call(SetUser, -1, 0) == Uid;
    }

    [LibraryImport("libc.so.6", EntryPoint = "syscall")]
    private static partial long Call(long number, long first, long second);
}
