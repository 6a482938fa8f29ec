using System.Globalization;

namespace Cistern.Benchmarks.SideBySide;

/// <summary>The command line.</summary>
internal sealed record Options
{
    private const string Usage = """
        side-by-side [options]: measures cisternd and libvirtd alternately and prints the ratios
          --only NAME,...     these workloads (or those beginning with NAME)
          --list              prints the workloads' names
          --quick             fewer rounds and smaller sets
          --minutes N         starts no workload after that time (15)
          --cisternd FILE     the program or cisternd.dll (artifacts/publish/cisternd)
          --self-check        libvirtd on both sides: every ratio should be near 1
          --markdown FILE     writes the table there too
          --disk DIR          where pools on a disk go (the temporary directory)
          --tmpfs DIR         where pools in memory go (/dev/shm)
        """;

    public IReadOnlyList<string> Only { get; private init; } = [];

    public bool List { get; private init; }

    public bool Quick { get; private init; }

    public TimeSpan Budget { get; private init; } = TimeSpan.FromMinutes(15);

    public string Cisternd { get; private init; } = Path.Combine(RepositoryRoot(), "artifacts", "publish", "cisternd");

    public bool SelfCheck { get; private init; }

    public string? Markdown { get; private init; }

    public string Disk { get; private init; } = Path.GetTempPath();

    public string Tmpfs { get; private init; } = "/dev/shm";

    /// <summary>False when an argument is not understood.</summary>
    public static bool TryParse(IEnumerable<string> arguments, out Options options)
    {
        options = new Options();
        var rest = new Queue<string>(arguments);
        while (rest.TryDequeue(out var name))
        {
            var flag = name switch
            {
                "--list" => options with { List = true },
                "--quick" => options with { Quick = true },
                "--self-check" => options with { SelfCheck = true },
                _ => null,
            };
            if (flag is null && (!rest.TryDequeue(out var value) || (flag = options.WithValue(name, value)) is null))
            {
                return false;
            }

            options = flag;
        }

        return true;
    }

    /// <summary>Says how to call it; the exit code of a wrong call.</summary>
    public static int Help()
    {
        Console.Error.WriteLine(Usage);
        return 2;
    }

    public bool Wants(string workload) => Only.Count == 0 || Only.Any(name => workload.StartsWith(name, StringComparison.Ordinal));

    private Options? WithValue(string name, string value) => name switch
    {
        "--only" => this with { Only = value.Split(',', StringSplitOptions.RemoveEmptyEntries) },
        "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out var minutes) => this with { Budget = TimeSpan.FromMinutes(minutes) },
        "--cisternd" => this with { Cisternd = Path.GetFullPath(value) },
        "--markdown" => this with { Markdown = value },
        "--disk" => this with { Disk = Path.GetFullPath(value) },
        "--tmpfs" => this with { Tmpfs = Path.GetFullPath(value) },
        _ => null,
    };

    public static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory.Parent is { } parent && !File.Exists(Path.Combine(directory.FullName, "Server.sln")))
        {
            directory = parent;
        }

        return directory.FullName;
    }
}
