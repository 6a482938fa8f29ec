using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>Something begun with libiscsi, in memory that does not move and lasts until the library has told the outcome or its context is gone.</summary>
internal unsafe struct IscsiPending
{
    public int IsDone;

    /// <summary>See <see cref="IscsiCalls"/>.</summary>
    public int Status;

    /// <summary>A handle of the list that takes the names of targets.</summary>
    public nint Names;

    /// <summary>Tells the end of anything.</summary>
    public static delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> Done => &OnDone;

    /// <summary>Tells the end of a discovery.</summary>
    public static delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> Discovered => &OnDiscovered;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDone(nint context, int status, nint data, nint state)
    {
        IscsiPending* pending = (IscsiPending*)state;
        pending->Status = status;
        pending->IsDone = 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDiscovered(nint context, int status, nint data, nint state)
    {
        IscsiPending* pending = (IscsiPending*)state;
        if (status == IscsiCalls.Good)
        {
            List<string> names = (List<string>)GCHandle.FromIntPtr(pending->Names).Target!;
            for (IscsiCalls.Discovered* found = (IscsiCalls.Discovered*)data; found is not null; found = found->Next)
            {
                names.Add(Marshal.PtrToStringUTF8(found->TargetName) ?? "");
            }
        }

        pending->Status = status;
        pending->IsDone = 1;
    }
}
