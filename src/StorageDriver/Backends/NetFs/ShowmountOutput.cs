namespace Cistern.Storage.Backends.NetFs;

/// <summary>What showmount prints without headers: a line for each export, its folder and who may mount it.</summary>
public static class ShowmountOutput
{
    /// <summary>The folders, in the order printed. One may have blanks in it, who may mount it has none; an export of the root names no folder.</summary>
    public static IEnumerable<string> Folders(string output)
    {
        foreach (string line in output.Split('\n'))
        {
            int blank = line.LastIndexOf(' ');
            string folder = blank > 0 && blank + 1 < line.Length ? line[..blank].TrimEnd() : "";
            if (folder.Length > 1 && folder.StartsWith('/') && !folder.EndsWith('/'))
            {
                yield return folder;
            }
        }
    }
}
