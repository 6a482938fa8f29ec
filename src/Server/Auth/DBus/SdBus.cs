using System.Runtime.InteropServices;

namespace Cistern.Server.Auth.DBus;

/// <summary>The functions of sd-bus(3) that a caller of methods needs. Negative results are negated error numbers.
/// The library is loaded by the first call.</summary>
internal static unsafe partial class SdBus
{
    private const string Library = "libsystemd.so.0";

    /// <summary>No time limit (UINT64_MAX).</summary>
    public const ulong Forever = ulong.MaxValue;

    /// <exception cref="FileNotFoundException">It is not installed; the text names Debian's package.</exception>
    public static void RequireLibrary()
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw new FileNotFoundException($"polkit is asked through {Library}, which is not installed (package libsystemd0)", Library);
        }
    }

    /// <summary>Connects to the bus of DBUS_SYSTEM_BUS_ADDRESS, else to the system's.</summary>
    [LibraryImport(Library, EntryPoint = "sd_bus_open_system")]
    public static partial int OpenSystem(out nint bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_close")]
    public static partial void Close(nint bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_unref")]
    public static partial nint Unref(nint bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_fd")]
    public static partial int GetDescriptor(nint bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_events")]
    public static partial int GetEvents(nint bus);

    /// <param name="until">CLOCK_MONOTONIC, in microseconds.</param>
    [LibraryImport(Library, EntryPoint = "sd_bus_get_timeout")]
    public static partial int GetTimeout(nint bus, out ulong until);

    [LibraryImport(Library, EntryPoint = "sd_bus_process")]
    public static partial int Process(nint bus, nint* message);

    [LibraryImport(Library, EntryPoint = "sd_bus_send")]
    public static partial int Send(nint bus, nint message, ulong* cookie);

    [LibraryImport(Library, EntryPoint = "sd_bus_call_async")]
    public static partial int CallAsync(nint bus, out nint slot, nint message, delegate* unmanaged[Cdecl]<nint, nint, nint, int> reply, nint state, ulong limit);

    [LibraryImport(Library, EntryPoint = "sd_bus_slot_unref")]
    public static partial nint UnrefSlot(nint slot);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_new_method_call", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int NewCall(nint bus, out nint message, string destination, string path, string @interface, string member);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_unref")]
    public static partial nint UnrefMessage(nint message);

    /// <returns>sd_bus_error: name, text, flag; null for a reply that is none.</returns>
    [LibraryImport(Library, EntryPoint = "sd_bus_message_get_error")]
    public static partial nint* GetError(nint message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_append_basic")]
    public static partial int Append(nint message, byte type, void* value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_open_container", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(nint message, byte type, string contents);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_close_container")]
    public static partial int CloseContainer(nint message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_read_basic")]
    public static partial int Read(nint message, byte type, void* value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_enter_container", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Enter(nint message, byte type, string contents);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_exit_container")]
    public static partial int Exit(nint message);
}
