using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>A connection to a gluster volume. It ends when nothing is open on it any more, on a thread of its own: the end may hang as everything may.</summary>
internal sealed class GlusterVolume() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        nint volume = handle;
        new Thread(() => _ = GlusterCalls.Finish(volume)) { IsBackground = true, Name = "gluster end" }.Start();
        return true;
    }
}

/// <summary>Something open on a gluster volume, which lasts as long as that.</summary>
internal abstract class GlusterObject() : SafeHandle(0, ownsHandle: true)
{
    private GlusterVolume? _volume;

    public override bool IsInvalid => handle == 0;

    public void Hold(GlusterVolume volume)
    {
        bool isHeld = false;
        volume.DangerousAddRef(ref isHeld);
        _volume = volume;
    }

    protected abstract void Close(nint opened);

    protected override bool ReleaseHandle()
    {
        Close(handle);
        _volume?.DangerousRelease();
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
