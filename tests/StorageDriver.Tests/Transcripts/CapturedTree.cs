using System.Runtime.CompilerServices;

namespace Cistern.Storage.Tests.Transcripts;

/// <summary>A part of sysfs as it was when <c>tests/interop/vm/transcripts.py</c> kept it: a line for each link, folder and file.</summary>
internal static class CapturedTree
{
    /// <summary>Makes the tree in a folder.</summary>
    /// <param name="name">Below this folder, without extension: <c>scsi/two-hosts</c>.</param>
    public static void Unpack(string name, string folder)
    {
        foreach (string line in File.ReadLines(Path.Combine(Folder(), name + ".tree")).Skip(1))
        {
            string[] parts = line.Split(' ', 3);
            string path = Path.Combine(folder, parts[1]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            switch (parts[0])
            {
                case "link":
                    File.CreateSymbolicLink(path, parts[2]);
                    break;
                case "folder":
                    Directory.CreateDirectory(path);
                    break;
                default:
                    File.WriteAllBytes(path, Convert.FromHexString(parts[2]));
                    break;
            }
        }
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;
}
