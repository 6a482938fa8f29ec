namespace Cistern.Fuzz;

/// <summary>Feeds bytes to a parser. Returns when they were understood or properly refused; any exception is a defect.</summary>
public delegate void FuzzInput(ReadOnlySpan<byte> input);

/// <summary>Something that takes bytes from outside.</summary>
/// <param name="Name">Also the folder of its seeds below <c>Corpus</c>.</param>
/// <param name="Run">Tries one input.</param>
/// <param name="Dictionary">Words that mutations may insert, for inputs that are text.</param>
public sealed record FuzzTarget(string Name, FuzzInput Run, params string[] Dictionary)
{
    public override string ToString() => Name;

    /// <summary>The seeds, in the order of their names.</summary>
    public IReadOnlyList<byte[]> ReadCorpus()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Corpus", Name);
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    }
}
