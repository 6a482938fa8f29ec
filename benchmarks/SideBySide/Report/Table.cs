using System.Text;

namespace Cistern.Benchmarks.SideBySide.Report;

/// <summary>The result as a table in Markdown, which reads well on a terminal too.</summary>
internal static class Table
{
    private static readonly int[] Widths = [21, 68, 13, 13, 8, 15, 4];

    public static string Head(string reference, string candidate)
    {
        string[] headings = ["workload", "metric", reference, candidate, "ratio", "target (near)", ""];
        return $"{Line(headings)}\n|{string.Concat(Widths.Select(width => new string('-', width + 2) + "|"))}";
    }

    public static string Line(Row row) => Line(row.Cells());

    private static string Line(string[] cells)
    {
        var line = new StringBuilder("|");
        for (var i = 0; i < cells.Length; i++)
        {
            line.Append(' ').Append(cells[i].PadRight(Widths[i])).Append(" |");
        }

        return line.ToString();
    }
}
