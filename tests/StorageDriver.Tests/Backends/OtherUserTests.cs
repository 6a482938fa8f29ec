using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Persistence;

namespace Cistern.Storage.Tests.Backends;

/// <summary>
/// Storage that gives root no rights, as an export with root_squash does: here root's own calls are made as nobody, who owns nothing.
/// </summary>
public sealed class OtherUserTests : IDisposable
{
    private const uint Owner = 1234;
    private const uint Nobody = 65534;
    private const UnixFileMode All = (UnixFileMode)0x1FF;
    private const UnixFileMode OwnersAlone = (UnixFileMode)0x1C0;

    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [RootFact]
    public void A_call_has_the_rights_of_the_user_and_leaves_the_servers_alone()
    {
        GiveFolder(OwnersAlone);
        FileUser user = new(Owner, Owner + 1);
        Assert.Equal(0, user.Run(() => Make("theirs")));
        Assert.Equal(-Errno.AccessDenied, new FileUser(Owner + 1, Owner).Run(() => Make("not theirs")));
        Assert.Equal(0, Make("ours"));
        Assert.Equal((Owner, Owner + 1), Ids("theirs"));
        Assert.Equal((0u, 0u), Ids("ours"));
    }

    [RootFact]
    public void What_a_call_throws_reaches_the_caller() =>
        Assert.Throws<InvalidOperationException>(() => new FileUser(Owner, Owner).Run(() => throw new InvalidOperationException()));

    [RootFact]
    public void A_file_is_made_as_its_owner_where_the_server_is_refused()
    {
        GiveFolder(OwnersAlone);
        VolumeDefinition volume = Volume("disk", Owner);
        Squashed(() =>
        {
            NewFile file = NewFile.Create(_pool.Context, volume, 4096);
            Assert.Equal(new FileUser(Owner, Owner), file.User);
            file.Publish();
        });
        Assert.Equal((Owner, Owner), Ids("disk"));
        Assert.Equal(["disk"], _pool.Entries());
    }

    [RootFact]
    public void A_file_that_cannot_be_given_away_is_made_by_who_is_to_have_it()
    {
        GiveFolder(All);
        Squashed(() => NewFile.Create(_pool.Context, Volume("disk", Owner), 0).Publish());
        Assert.Equal((Owner, Owner), Ids("disk"));
        Assert.Equal(["disk"], _pool.Entries());
    }

    [RootFact]
    public void A_tool_gets_a_file_that_its_user_can_write()
    {
        GiveFolder(OwnersAlone);
        File.SetUnixFileMode(_pool.RunFolder, All);
        Squashed(() =>
        {
            NewFile file = NewFile.Reserve(_pool.Context, Volume("disk", Owner));
            Assert.Equal(new FileUser(Owner, Owner), file.User);
            Assert.Equal([file.Part], _pool.Journal);
            file.Open();
            file.Publish();
        });
        Assert.Equal((Owner, Owner), Ids("disk"));
        Assert.Equal(["disk"], _pool.Entries());
        Assert.Empty(_pool.Journal);
    }

    [RootFact]
    public void A_folder_is_made_and_removed_as_its_owner()
    {
        GiveFolder(OwnersAlone);
        File.SetUnixFileMode(_pool.RunFolder, All);
        VolumeDefinition folder = Volume("folder", Owner) with { Kind = VolumeKind.Dir };
        Squashed(() => NewFolder.Make(_pool.Context, folder));
        Assert.Equal((Owner, Owner), Ids("folder"));
        Squashed(() => FileDeletion.Delete(folder));
        Assert.Empty(_pool.Entries());
    }

    [RootFact]
    public void A_refusal_is_told_when_nobody_is_asked_for_or_the_owner_is_refused_too()
    {
        GiveFolder(OwnersAlone);
        foreach (uint? owner in (uint?[])[null, Owner + 1])
        {
            StorageException? error = null;
            Squashed(() => error = Assert.Throws<StorageException>(() => NewFile.Create(_pool.Context, Volume("disk", owner), 0)));
            Assert.Equal((StorageErrorCode.SystemError, Errno.AccessDenied), (error!.Code, error.Errno));
        }

        Assert.Empty(_pool.Entries());
    }

    [RootFact]
    public void A_file_is_deleted_as_its_owner()
    {
        GiveFolder(OwnersAlone);
        Assert.Equal(0, new FileUser(Owner, Owner).Run(() => Make("disk")));
        Squashed(() => FileDeletion.Delete(Volume("disk", null)));
        Assert.Empty(_pool.Entries());
    }

    [RootFact]
    public void What_cannot_be_removed_after_a_failure_stays_recorded_until_it_can()
    {
        GiveFolder(OwnersAlone);
        File.SetUnixFileMode(_pool.RunFolder, All);
        Squashed(() =>
        {
            NewFile file = NewFile.Reserve(_pool.Context, Volume("disk", Owner));
            Assert.Equal(0, new FileUser(Owner, Owner).Run(() => Mode(_pool.Folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute)));
            file.DisposeAsync().AsTask().GetAwaiter().GetResult();
        });
        Assert.Single(_pool.Entries());
        BuildJournal.CleanUp(new BuildJournal(_pool.RunFolder).Records());
        Assert.Empty(_pool.Entries());
        Assert.Empty(_pool.Journal);
    }

    private static int Mode(string path, UnixFileMode mode)
    {
        File.SetUnixFileMode(path, mode);
        return 0;
    }

    private static void Squashed(Action work) =>
        new FileUser(Nobody, Nobody).Run(() =>
        {
            work();
            return 0;
        });

    private VolumeDefinition Volume(string name, uint? owner) => TestPool.Raw(name, 0) with
    {
        Target = new VolumeTarget { Format = "raw", Path = _pool.Folder[name], Permissions = owner is null ? null : new Permissions(Owner: owner, Group: owner) },
    };

    private void GiveFolder(UnixFileMode mode)
    {
        Assert.Equal(0, FileSystemCalls.Open(_pool.Folder.Path, OpenFlags.ReadOnly | OpenFlags.Directory, out var folder));
        using (folder)
        {
            Assert.Equal(0, FileSystemCalls.ChangeOwner(folder!, Owner, Owner));
        }

        File.SetUnixFileMode(_pool.Folder.Path, mode);
    }

    private int Make(string name)
    {
        int result = FileSystemCalls.Open(_pool.Folder[name], OpenFlags.WriteOnly | OpenFlags.Create, 0x180, out var file);
        file?.Dispose();
        return result;
    }

    private (uint Owner, uint Group) Ids(string name)
    {
        Assert.Equal(0, FileStatusCalls.Get(_pool.Folder[name], out FileStatus status));
        return (status.Owner, status.Group);
    }
}
