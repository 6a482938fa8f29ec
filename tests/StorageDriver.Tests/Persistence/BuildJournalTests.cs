using Cistern.Storage.Persistence;
using Cistern.Support;

namespace Cistern.Storage.Tests.Persistence;

public sealed class BuildJournalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_recorded_files_are_removed()
    {
        var journal = new BuildJournal(_folder["run"]);
        Directory.CreateDirectory(_folder["pool"]);
        var left = _folder.Write("pool/.a.part", [1]);
        var finished = _folder.Write("pool/b", [1]);
        var foreign = _folder.Write("pool/.c.part", [1]);
        journal.Record(left);
        journal.Record(finished).Dispose();

        BuildJournal.CleanUp(new BuildJournal(_folder["run"]).Records());

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(finished));
        Assert.True(File.Exists(foreign));
        Assert.Empty(Directory.EnumerateFiles(_folder["run"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_record_of_a_folder_that_is_not_there_is_kept()
    {
        var journal = new BuildJournal(_folder["run"]);
        journal.Record(_folder["unmounted/.a.part"]);
        BuildJournal.CleanUp(journal.Records());
        Directory.CreateDirectory(_folder["unmounted"]);
        var left = _folder.Write("unmounted/.a.part", [1]);

        BuildJournal.CleanUp(journal.Records());

        Assert.False(File.Exists(left));
    }
}
