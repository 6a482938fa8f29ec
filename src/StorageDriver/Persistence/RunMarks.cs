namespace Cistern.Storage.Persistence;

/// <summary>
/// Notes of what the server itself brought up for a pool, so that only that is taken down again, by a later process of the instance too.
/// They go when the host is booted, as does what they tell of.
/// </summary>
public sealed class RunMarks(string directory)
{
    private string Directory { get; } = Path.Combine(directory, "marks");

    public bool Has(Guid pool, string what) => File.Exists(PathOf(pool, what));

    public void Set(Guid pool, string what)
    {
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllBytes(PathOf(pool, what), []);
    }

    public void Clear(Guid pool, string what)
    {
        if (Has(pool, what))
        {
            File.Delete(PathOf(pool, what));
        }
    }

    private string PathOf(Guid pool, string what) => Path.Combine(Directory, $"{pool}.{what}");
}
