namespace Cistern.Storage.Persistence;

/// <summary>One record of the <see cref="BuildJournal"/>; dispose of it when what it names is gone or has its final name.</summary>
public sealed class BuildRecord : IDisposable
{
    /// <summary>Between the paths of a record; no path holds it.</summary>
    internal const char Separator = '\0';

    private readonly string _file;

    internal BuildRecord(string file, string path)
    {
        _file = file;
        File.WriteAllText(file, path);
    }

    /// <summary>
    /// Records the final name before an empty file or folder takes it to hold it free. After a crash that is removed as well, as long as it is
    /// empty and what was to replace it is still there under its temporary name.
    /// </summary>
    public void Hold(string path) => File.AppendAllText(_file, Separator + path);

    public void Dispose() => File.Delete(_file);
}
