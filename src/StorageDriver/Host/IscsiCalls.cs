using System.Runtime.InteropServices;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Host;

/// <summary>
/// libiscsi, an iSCSI initiator in user space. The library is loaded by the first call. Its functions that wait are not used: they leave
/// pointers to their own stack behind when a connection breaks.
/// </summary>
internal static unsafe partial class IscsiCalls
{
    public const string Library = "libiscsi.so.7";
    public const string Package = "libiscsi7";

    public const int DiscoverySession = 1;
    public const int NormalSession = 2;

    /// <summary>Of a command that reached the target; values from <see cref="Cancelled"/> on say that it did not, or that no answer came.</summary>
    public const int Good = 0, CheckCondition = 2, Busy = 8, TaskSetFull = 0x28;

    public const int Cancelled = 0x0f000000, TimedOut = 0x0f000002;

    private const int Tcp = 0;

    /// <exception cref="StorageException">1/18: the library is not installed.</exception>
    public static void Require()
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw StorageErrors.LibraryMissing(Library, Package);
        }
    }

    /// <summary>The library's account of what went wrong last. Names no password.</summary>
    public static string Error(nint context) => Marshal.PtrToStringUTF8(GetError(context))?.Trim() is { Length: > 0 } text ? text : "unknown error";

    public static int UseTcp(nint context) => InitTransport(context, Tcp);

    /// <summary>What a finished task tells of its outcome.</summary>
    public static (int SenseKey, int SenseCode, int Missing) Outcome(nint task)
    {
        Task* made = (Task*)task;
        return (made->SenseKey, made->SenseCode, made->ResidualStatus == Task.Underflow ? (int)made->Residual : 0);
    }

    /// <summary>The beginning of <c>struct scsi_task</c> of the library's version.</summary>
    [StructLayout(LayoutKind.Explicit)]
    private struct Task
    {
        public const int Underflow = 1;

        [FieldOffset(32)]
        public int ResidualStatus;

        [FieldOffset(40)]
        public nuint Residual;

        [FieldOffset(52)]
        public int SenseKey;

        [FieldOffset(56)]
        public int SenseCode;
    }

    /// <summary>A target that a discovery found: <c>struct iscsi_discovery_address</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Discovered
    {
        public Discovered* Next;
        public nint TargetName;
    }

    [LibraryImport(Library, EntryPoint = "iscsi_create_context", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Create(string initiator);

    [LibraryImport(Library, EntryPoint = "iscsi_destroy_context")]
    public static partial int Destroy(nint context);

    [LibraryImport(Library, EntryPoint = "iscsi_init_transport")]
    private static partial int InitTransport(nint context, int transport);

    [LibraryImport(Library, EntryPoint = "iscsi_get_error")]
    private static partial nint GetError(nint context);

    [LibraryImport(Library, EntryPoint = "iscsi_set_targetname", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetTarget(nint context, string target);

    [LibraryImport(Library, EntryPoint = "iscsi_set_session_type")]
    public static partial int SetSessionType(nint context, int type);

    /// <param name="password">Ended by a zero.</param>
    [LibraryImport(Library, EntryPoint = "iscsi_set_initiator_username_pwd", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetCredentials(nint context, string user, byte* password);

    [LibraryImport(Library, EntryPoint = "iscsi_set_noautoreconnect")]
    public static partial void SetNoReconnect(nint context, int on);

    [LibraryImport(Library, EntryPoint = "iscsi_set_timeout")]
    public static partial int SetTimeout(nint context, int seconds);

    [LibraryImport(Library, EntryPoint = "iscsi_set_tcp_syncnt")]
    public static partial void SetConnectAttempts(nint context, int count);

    [LibraryImport(Library, EntryPoint = "iscsi_get_fd")]
    public static partial int Descriptor(nint context);

    [LibraryImport(Library, EntryPoint = "iscsi_which_events")]
    public static partial int WantedEvents(nint context);

    [LibraryImport(Library, EntryPoint = "iscsi_service")]
    public static partial int Service(nint context, int events);

    /// <summary>Connects and logs in.</summary>
    /// <param name="unit">-1: no unit is waited for.</param>
    [LibraryImport(Library, EntryPoint = "iscsi_full_connect_async", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Connect(
        nint context, string portal, int unit, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> done, nint state);

    [LibraryImport(Library, EntryPoint = "iscsi_logout_async")]
    public static partial int LogOut(nint context, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> done, nint state);

    [LibraryImport(Library, EntryPoint = "iscsi_discovery_async")]
    public static partial int Discover(nint context, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> done, nint state);

    [LibraryImport(Library, EntryPoint = "scsi_create_task")]
    public static partial nint CreateTask(int descriptorLength, byte* descriptor, int direction, int length);

    [LibraryImport(Library, EntryPoint = "scsi_free_scsi_task")]
    public static partial void FreeTask(nint task);

    [LibraryImport(Library, EntryPoint = "scsi_task_add_data_in_buffer")]
    public static partial int AddInput(nint task, int length, byte* buffer);

    [LibraryImport(Library, EntryPoint = "scsi_task_add_data_out_buffer")]
    public static partial int AddOutput(nint task, int length, byte* buffer);

    [LibraryImport(Library, EntryPoint = "iscsi_scsi_command_async")]
    public static partial int Send(
        nint context, int unit, nint task, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> done, nint data, nint state);
}
