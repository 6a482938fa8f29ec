using Cistern.Storage.Commands;
using Cistern.Storage.Images;

namespace Cistern.Storage.Tests;

/// <summary>A test that runs <c>qemu-img</c>; skipped where it is not installed.</summary>
public sealed class QemuImgFactAttribute : FactAttribute
{
    public QemuImgFactAttribute()
    {
        if (new HostTools().Find(QemuImg.Tool) is null)
        {
            Skip = "qemu-img is not installed";
        }
    }
}
