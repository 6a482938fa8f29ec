using System.Globalization;
using System.Runtime.InteropServices;

namespace Cistern.Server.Services.Admin;

/// <summary>Names of this machine's users and groups, wherever it has them from: may wait. An account without a name goes by its number.</summary>
internal static unsafe partial class AccountNames
{
    private const int ERANGE = 34;
    private const int MaximumRoom = 1024 * 1024;

    private delegate int Lookup(uint id, nint* record, byte* buffer, nuint size, nint** found);

    public static string OfUser(uint id) => Find(id, GetUser);

    public static string OfGroup(uint id) => Find(id, GetGroup);

    /// <summary>struct passwd and struct group both begin with the name.</summary>
    private static string Find(uint id, Lookup lookup)
    {
        // struct passwd, the larger one, has seven fields.
        var record = stackalloc nint[8];
        for (var room = 1024; room <= MaximumRoom; room *= 2)
        {
            var buffer = new byte[room];
            fixed (byte* start = buffer)
            {
                nint* found;
                var error = lookup(id, record, start, (nuint)room, &found);
                if (error != ERANGE)
                {
                    return error == 0 && found is not null && Marshal.PtrToStringUTF8(found[0]) is { } name ? name : Number(id);
                }
            }
        }

        return Number(id);
    }

    private static string Number(uint id) => id.ToString(CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetUser(uint id, nint* record, byte* buffer, nuint size, nint** found);

    [LibraryImport("libc", EntryPoint = "getgrgid_r")]
    private static partial int GetGroup(uint id, nint* record, byte* buffer, nuint size, nint** found);
}
