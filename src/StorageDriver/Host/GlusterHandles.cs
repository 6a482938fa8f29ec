using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>
/// A connection to a gluster volume, which mends itself when servers come back. It lasts as long as the process: at the end of one (glfs_fini) the library
/// frees what its threads still use at theirs, and the process may abort.
/// </summary>
internal sealed class GlusterVolume() : SafeHandle(0, ownsHandle: false)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => true;
}

/// <summary>Something open on a gluster volume.</summary>
internal abstract class GlusterObject() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected abstract void Close(nint opened);

    protected override bool ReleaseHandle()
    {
        Close(handle);
        return true;
    }
}

/// <summary>An open file.</summary>
internal sealed class GlusterFile : GlusterObject
{
    protected override void Close(nint opened) => _ = GlusterCalls.Close(opened);
}

/// <summary>An open folder.</summary>
internal sealed class GlusterFolder : GlusterObject
{
    protected override void Close(nint opened) => _ = GlusterCalls.CloseFolder(opened);
}
