using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>Names of this machine's users and groups, wherever it has them from: may wait.</summary>
internal static unsafe partial class AccountNames
{
    private const int OutOfRange = 34;
    private const int MaximumRoom = 1024 * 1024;

    private delegate int Lookup(uint id, nint* record, byte* buffer, nuint size, nint** found);

    /// <summary>Null for a user without a name.</summary>
    public static string? OfUser(uint id) => Find(id, GetUser);

    /// <summary>Null for a group without a name.</summary>
    public static string? OfGroup(uint id) => Find(id, GetGroup);

    /// <summary>struct passwd and struct group both begin with the name.</summary>
    private static string? Find(uint id, Lookup lookup)
    {
        // struct passwd, the larger one, has seven fields.
        nint* record = stackalloc nint[8];
        for (int room = 1024; room <= MaximumRoom; room *= 2)
        {
            byte[] buffer = new byte[room];
            fixed (byte* start = buffer)
            {
                nint* found;
                int error = lookup(id, record, start, (nuint)room, &found);
                if (error != OutOfRange)
                {
                    return error == 0 && found is not null ? Marshal.PtrToStringUTF8(found[0]) : null;
                }
            }
        }

        return null;
    }

    [LibraryImport("libc.so.6", EntryPoint = "getpwuid_r")]
    private static partial int GetUser(uint id, nint* record, byte* buffer, nuint size, nint** found);

    [LibraryImport("libc.so.6", EntryPoint = "getgrgid_r")]
    private static partial int GetGroup(uint id, nint* record, byte* buffer, nuint size, nint** found);
}
