using System.Text;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>The names that volumes of a cluster can have.</summary>
internal static class SheepdogNames
{
    private const int MaxBytes = 255;

    /// <summary>A dash at the beginning would be an option of the tool, and its lists end lines as usual.</summary>
    public static bool IsValid(string name) =>
        name.Length > 0 && name[0] != '-' && !name.AsSpan().ContainsAny('/', '\n', '\0') && Encoding.UTF8.GetByteCount(name) <= MaxBytes;

    /// <exception cref="StorageException">55/18.</exception>
    public static void Require(string name)
    {
        if (!IsValid(name))
        {
            throw StorageErrors.ClusterVolumeNameInvalid(name);
        }
    }
}
