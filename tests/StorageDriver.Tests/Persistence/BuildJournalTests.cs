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

    [Theory]
    [InlineData("", true, false)] // killed between taking the name and replacing what took it
    [InlineData("", false, true)] // killed after that: an empty volume is whole
    [InlineData("another's", true, true)]
    public void A_name_that_was_held_free_is_freed_while_nothing_has_replaced_what_holds_it(string content, bool partIsLeft, bool stays)
    {
        var journal = new BuildJournal(_folder["run"]);
        journal.Record(_folder[".a.part"]).Hold(_folder.Write("a", System.Text.Encoding.UTF8.GetBytes(content)));
        if (partIsLeft)
        {
            _folder.Write(".a.part", [1]);
        }

        BuildJournal.CleanUp(journal.Records());

        Assert.Equal(stays, File.Exists(_folder["a"]));
        Assert.False(File.Exists(_folder[".a.part"]));
        Assert.Empty(journal.Records());
    }

    [Fact]
    public void Folders_are_removed_too_and_what_cannot_be_removed_does_not_keep_the_others()
    {
        var journal = new BuildJournal(_folder["run"]);
        Directory.CreateDirectory(_folder[".a.part/content"]);
        Directory.CreateDirectory(_folder[".b.part"]);
        journal.Record(_folder[".a.part"]);
        journal.Record(_folder[".b.part"]);

        Assert.Contains(".a.part", Assert.Throws<IOException>(() => BuildJournal.CleanUp(journal.Records())).Message, StringComparison.Ordinal);

        Assert.False(Directory.Exists(_folder[".b.part"]));
        Assert.Equal(_folder[".a.part"], File.ReadAllText(Assert.Single(journal.Records())));
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
