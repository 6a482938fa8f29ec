using System.Text;
using Cistern.Storage.Backends.Iscsi;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Iscsi;

public sealed class IscsiRecordTests : IDisposable
{
    private const string Target = "iqn.2026-01.test:chap";
    private const string Record = "# BEGIN RECORD 2.1.8\nnode.name = iqn.2026-01.test:chap\nnode.session.auth.authmethod = None\n# END RECORD\n";

    private static readonly SourceHost Host = new("127.0.0.1");

    private readonly TemporaryFolder _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public void A_record_is_found_by_target_portal_and_interface()
    {
        string folder = Directory.CreateDirectory(_nodes[$"{Target}/127.0.0.1,3260,1"]).FullName;
        File.WriteAllText(folder + "/default", Record);
        File.WriteAllText(folder + "/mine", Record);

        Assert.Equal(folder + "/default", IscsiRecord.Find([_nodes["none"], _nodes.Path], Host, Target, null));
        Assert.Equal(folder + "/mine", IscsiRecord.Find([_nodes.Path], Host, Target, "mine"));
        Assert.Null(IscsiRecord.Find([_nodes.Path], Host with { Port = 3261 }, Target, null));
        Assert.Null(IscsiRecord.Find([_nodes.Path], Host, "iqn.2026-01.test:other", null));
    }

    [Fact]
    public void Settings_take_the_place_of_those_of_the_same_name()
    {
        string file = _nodes.Write("record", Encoding.UTF8.GetBytes(Record));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        IscsiRecord.Write(file, IscsiRecord.Chap("user", "pass word"u8));

        Assert.Equal(
            "# BEGIN RECORD 2.1.8\nnode.name = iqn.2026-01.test:chap\nnode.session.auth.authmethod = CHAP\n"
            + "node.session.auth.username = user\nnode.session.auth.password = pass word\n# END RECORD\n",
            File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal([file], Directory.GetFiles(_nodes.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" s3cret")]
    [InlineData("two\nlines")]
    public void A_password_that_the_record_cannot_hold_is_refused_and_not_told(string password)
    {
        var error = Assert.Throws<StorageException>(() => IscsiRecord.Chap("user", Encoding.UTF8.GetBytes(password)));

        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
        Assert.True(password.Length == 0 || !error.Message.Contains(password, StringComparison.Ordinal));
    }

    [Fact]
    public void A_record_that_cannot_be_written_is_an_error_that_names_it()
    {
        var error = Assert.Throws<StorageException>(() => IscsiRecord.Write(_nodes["none"], IscsiRecord.PoolSettings));

        Assert.Contains(_nodes["none"], error.Message, StringComparison.Ordinal);
    }
}
