using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Gluster;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Backends.NetFs;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Storage.Xml;

namespace Cistern.Storage.Tests.Backends;

/// <summary>The mount is what a captured mount table says; the folder is a real one.</summary>
public sealed class NetFsBackendTests : IDisposable
{
    private static readonly CommandResult Fine = new(0, "", "");
    private static readonly SourceAuth User = new("chap", "guest1", new Definitions.SecretReference(FakeSecrets.Uuid, null));

    private readonly FakeMounts _mounts = new();
    private readonly NetFsBackend _backend = new();
    private readonly TestPool _pool;

    public NetFsBackendTests()
    {
        _pool = new TestPool { Kernel = _mounts.Kernel, Secrets = new FakeSecrets { Type = SecretUsageType.Iscsi } };
        Source("nfs");
        Mounted(null);
        _pool.Commands.Answer = command =>
        {
            Mounted(command.Tool == "mount" ? ShareSource.NameOf(_pool.Definition.Source) : null);
            return Fine;
        };
    }

    private string Target => _pool.Folder.Path;

    public void Dispose()
    {
        _pool.Dispose();
        _mounts.Dispose();
    }

    [Theory]
    [InlineData("auto", "/srv", null, "mount -o nodev,nosuid,noexec host:/srv /mnt")]
    [InlineData("auto", "/srv", "3", "mount -o nodev,nosuid,noexec,nfsvers=3 host:/srv /mnt")]
    [InlineData("nfs", "/a b", null, "mount -o nodev,nosuid,noexec -t nfs host:/a b /mnt")]
    [InlineData("nfs", "/", "4.2", "mount -o nodev,nosuid,noexec,nfsvers=4.2 -t nfs host:/ /mnt")]
    [InlineData("glusterfs", "vol", null, "mount -o nodev,nosuid,noexec,direct-io-mode=1 -t glusterfs host:vol /mnt")]
    [InlineData("cifs", "share", null, "mount -o nodev,nosuid,noexec,guest -t cifs //host/share /mnt")]
    [InlineData("cifs", "/share", null, "mount -o nodev,nosuid,noexec,guest -t cifs //host/share /mnt")]
    public void Every_format_is_mounted_in_its_own_way(string format, string folder, string? version, string line)
    {
        Source(format, folder, version);
        PoolDefinition pool = _pool.Definition with { Target = new PoolTarget("/mnt") };
        Assert.Equal(line, Line(NetFsCommands.Mount(pool, null)));
        Assert.Equal("umount /mnt", Line(NetFsCommands.Unmount(pool)));
    }

    [Fact]
    public void Options_of_the_document_stand_behind_all_others()
    {
        Source("nfs", "/srv", "3");
        PoolDefinition pool = _pool.Definition with { MountOptions = ["soft", "sync"], Target = new PoolTarget("/mnt") };
        Assert.Equal("mount -o nodev,nosuid,noexec,nfsvers=3,soft,sync -t nfs host:/srv /mnt", Line(NetFsCommands.Mount(pool, null)));
    }

    [Fact]
    public void Every_command_is_bounded() =>
        Assert.All(
            [NetFsCommands.Mount(_pool.Definition, null), NetFsCommands.Unmount(_pool.Definition), NetFsCommands.Exports("h"), GlusterCommands.Volumes("h")],
            command => Assert.NotNull(command.Timeout));

    [Theory]
    [InlineData("nfs", "/srv", "host:/srv", true)]
    [InlineData("auto", "/", "host:/", true)]
    [InlineData("nfs", "/srv", "host:/srv/", true)]
    [InlineData("nfs", "/srv", "host:/srv2", false)]
    [InlineData("nfs", "/srv", "other:/srv", false)]
    [InlineData("cifs", "share", "//host/share", true)]
    [InlineData("cifs", "/share", "//host/share", true)]
    [InlineData("cifs", "share", "//host/other", false)]
    [InlineData("glusterfs", "vol", "host:vol", true)]
    [InlineData("glusterfs", "vol", "host:/vol", true)]
    [InlineData("glusterfs", "/vol", "host:vol", true)]
    [InlineData("glusterfs", "vol", "host:vol2", false)]
    public async Task The_share_is_known_again_by_what_the_kernel_calls_it(string format, string folder, string mounted, bool isActive)
    {
        Source(format, folder);
        Mounted(mounted);
        Assert.Equal(isActive, await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public async Task Starting_mounts_and_stopping_unmounts()
    {
        await StartAsync();
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        await StopAsync();
        Assert.Equal([$"mount -o nodev,nosuid,noexec -t nfs host:/srv {Target}", $"umount {Target}"], _pool.Commands.Lines);
    }

    [Fact]
    public async Task A_failed_mount_tells_what_the_tool_said_and_leaves_nothing()
    {
        CommandResult failure = Transcript.Read("netfs/mount-bad");
        _pool.Commands.Answer = _ => failure;
        StorageException error = await FailsAsync(StartAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("exit status 32: mount.nfs: access denied by server while mounting 127.0.0.1:/nosuch", error.Message, StringComparison.Ordinal);
        Assert.Single(_pool.Commands.Lines);
    }

    /// <summary>Where the target leads to a file that cannot be opened as a folder, the storage answers nothing, as if it hung.</summary>
    [Fact]
    public async Task A_share_that_hangs_is_unmounted_without_being_asked()
    {
        string target = _mounts.Folder["target"];
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(target) };
        Turn(target, Target);
        _pool.Session = await StartAsync();
        Turn(target, _mounts.Folder.Write("file", [1]));
        await StopAsync();
        Assert.Equal($"umount {target}", _pool.Commands.Lines[^1]);
        await StopAsync();
        Assert.Equal(2, _pool.Commands.Lines.Count);
    }

    [Fact]
    public async Task What_was_mounted_over_the_share_is_not_unmounted()
    {
        _pool.Session = await StartAsync();
        _mounts.Set(Target, "host:/srv", "over it");
        Assert.False(((MountSession)_pool.Session!).IsStillThere);
        _mounts.Set(Target, "host:/other");
        await StopAsync();
        Assert.Single(_pool.Commands.Lines);
    }

    [Theory]
    [InlineData("-o")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public async Task A_host_that_is_none_never_reaches_a_tool(string name)
    {
        Source("nfs");
        _pool.Definition = _pool.Definition with { Source = _pool.Definition.Source with { Hosts = [new SourceHost(name)] } };
        await FailsAsync(StartAsync, StorageErrorCode.InvalidArgument);
        await FailsAsync(() => FindAsync(name), StorageErrorCode.InvalidArgument);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task Two_hosts_are_one_too_many()
    {
        _pool.Definition = _pool.Definition with { Source = _pool.Definition.Source with { Hosts = [new("a"), new("b")] } };
        await FailsAsync(StartAsync, StorageErrorCode.ConfigUnsupported);
        await FailsAsync(() => FindAsync("a", "b"), StorageErrorCode.ConfigUnsupported);
        await FailsAsync(() => FindAsync(), StorageErrorCode.ConfigUnsupported);
    }

    [Fact]
    public async Task A_relative_target_never_reaches_a_tool()
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget("-x") };
        await FailsAsync(StartAsync, StorageErrorCode.InvalidArgument);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Theory]
    [InlineData("guest1", "username=guest1\npassword=open, sesame\n")]
    [InlineData("OFFICE\\guest1", "username=guest1\ndomain=OFFICE\npassword=open, sesame\n")]
    public async Task Credentials_stand_in_a_file_of_the_owners_as_long_as_the_command_runs(string user, string content)
    {
        Source("cifs", "share", auth: User with { Username = user });
        List<(string, UnixFileMode)> seen = [];
        _pool.Commands.Answer = command =>
        {
            string path = Assert.Single(Directory.GetFiles(_pool.RunFolder, "*.credentials"));
            Assert.Equal($"mount -o nodev,nosuid,noexec,credentials={path} -t cifs //host/share {Target}", Line(command));
            seen.Add((File.ReadAllText(path), File.GetUnixFileMode(path)));
            Assert.Equal([path], _pool.Journal);
            Mounted("//host/share");
            return Fine;
        };
        await StartAsync();
        Assert.Equal([(content, UnixFileMode.UserRead | UnixFileMode.UserWrite)], seen);
        AssertNoCredentials();
    }

    [Fact]
    public async Task A_mount_that_fails_leaves_no_credentials_and_tells_none()
    {
        Source("cifs", "share", auth: User);
        _pool.Commands.Answer = _ => new CommandResult(32, "", "mount error(13): Permission denied\n");
        StorageException error = await FailsAsync(StartAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Contains("mount error(13)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeSecrets.Passphrase, error.ToString(), StringComparison.Ordinal);
        AssertNoCredentials();
    }

    [Fact]
    public async Task A_user_without_a_password_is_not_mounted_as_a_guest()
    {
        Source("cifs", "share", auth: User with { Secret = new Definitions.SecretReference(null, "nosuch") });
        await FailsAsync(StartAsync, StorageErrorCode.NoSecret, StorageErrorDomain.Secret);
        Source("cifs", "share", auth: User with { Type = "ceph" });
        await FailsAsync(StartAsync, StorageErrorCode.ConfigUnsupported);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Theory]
    [InlineData("a\nb", "x")]
    [InlineData("a", "x\npassword=y")]
    [InlineData("a", "x\0")]
    public void What_does_not_fit_into_a_line_is_no_credential(string user, string password)
    {
        StorageException error = Assert.Throws<StorageException>(() => CredentialsFile.Format(user, System.Text.Encoding.UTF8.GetBytes(password)));
        Assert.Equal(StorageErrorCode.ConfigUnsupported, error.Code);
        Assert.DoesNotContain(password, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, null)]
    [InlineData(4u, StorageErrorCode.OperationInvalid)]
    [InlineData(8u, StorageErrorCode.OperationInvalid)]
    [InlineData(12u, StorageErrorCode.InvalidArgument)]
    [InlineData(16u, StorageErrorCode.InvalidArgument)]
    public async Task Building_makes_the_folder_and_no_file_system(uint flags, StorageErrorCode? code)
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["new"]) };
        Task Build() => _backend.BuildAsync(_pool.Context, flags, CancellationToken.None).AsTask();
        await (code is { } expected ? FailsAsync(Build, expected) : Build());
        Assert.Equal(code is null ? ["new"] : [], _pool.Entries());
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public void Exports_are_read_from_what_showmount_printed() =>
        Assert.Equal(["/srv/nfs"], ShowmountOutput.Folders(Transcript.Read("netfs/showmount").Output));

    [Theory]
    [InlineData("/a dir   demo1.foo.bar,demo2.foo.bar\n/tmp *\n", "/a dir|/tmp")]
    [InlineData("/everyone (everyone)\n", "/everyone")]
    [InlineData("/ *\n/root/ *\nnone *\n\n/alone\n", "")]
    public void Folders_may_have_blanks_in_them(string output, string folders) => Assert.Equal(folders, string.Join('|', ShowmountOutput.Folders(output)));

    [Theory]
    [InlineData("gluster/info", "vol0 vol1")]
    [InlineData("gluster/info-empty", "")]
    [InlineData("gluster/info-vol-missing", "")]
    public void Volumes_are_read_from_what_gluster_printed(string transcript, string names) =>
        Assert.Equal(names, string.Join(' ', GlusterVolumes.Names(Transcript.Read(transcript).Output)));

    [Fact]
    public async Task Exports_and_volumes_are_found_together()
    {
        Answer(Transcript.Read("netfs/showmount"), Transcript.Read("gluster/info"));
        string found = SourceListXml.Format(await FindAsync("host"), NetFsPoolType.Info);
        Assert.Equal("""
            <sources>
              <source>
                <host name='host'/>
                <dir path='/srv/nfs'/>
                <format type='nfs'/>
              </source>
              <source>
                <host name='host'/>
                <dir path='vol0'/>
                <format type='glusterfs'/>
              </source>
              <source>
                <host name='host'/>
                <dir path='vol1'/>
                <format type='glusterfs'/>
              </source>
            </sources>

            """, found);
        Assert.Equal(
            ["showmount --no-headers --exports host", "gluster --xml --log-file=/dev/null volume info all --remote-host=host"], _pool.Commands.Lines);
    }

    [Fact]
    public async Task A_host_need_not_serve_both()
    {
        CommandResult refused = new(1, "", "clnt_create: RPC: Program not registered\n");
        Answer(refused, Transcript.Read("gluster/info"));
        Assert.Equal(2, (await FindAsync("host")).Count);
        Answer(Transcript.Read("netfs/showmount"), Transcript.Read("gluster/info-badhost"));
        Assert.Single(await FindAsync("host"));
        Answer(Fine, Transcript.Read("gluster/info-badhost"));
        Assert.Empty(await FindAsync("host"));
        Answer(refused, Transcript.Read("gluster/info-empty"));
        StorageException error = await FailsAsync(() => FindAsync("host"), StorageErrorCode.OperationFailed);
        Assert.Contains("clnt_create: RPC: Program not registered", error.Message, StringComparison.Ordinal);
        Answer(refused, new CommandResult(0, "no document", ""));
        await FailsAsync(() => FindAsync("host"), StorageErrorCode.OperationFailed);
    }

    [Fact]
    public async Task Without_a_host_nothing_is_looked_for() =>
        await FailsAsync(async () => await _backend.FindSourcesAsync(Host, null, CancellationToken.None), StorageErrorCode.InvalidArgument);

    private static string Line(Command command) => string.Join(' ', command.Arguments.Prepend(command.Tool));

    private static async Task<StorageException> FailsAsync(
        Func<Task> work, StorageErrorCode code, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(work);
        Assert.Equal((code, domain), (error.Code, error.Domain));
        return error;
    }

    private static void Turn(string link, string folder)
    {
        File.Delete(link);
        File.CreateSymbolicLink(link, folder);
    }

    private void Source(string format, string folder = "/srv", string? version = null, SourceAuth? auth = null) =>
        _pool.Definition = _pool.Definition with
        {
            Type = PoolType.NetFs,
            Source = new PoolSource { Format = format, Hosts = [new SourceHost("host")], Dir = folder, ProtocolVersion = version, Auth = auth },
        };

    private void Mounted(string? source) => _mounts.Set(Target, source);

    private void Answer(CommandResult showmount, CommandResult gluster) =>
        _pool.Commands.Answer = command => command.Tool == "showmount" ? showmount : gluster;

    private void AssertNoCredentials()
    {
        Assert.Empty(Directory.GetFiles(_pool.RunFolder, "*.credentials"));
        Assert.Empty(_pool.Journal);
    }

    /// <summary>A host on which gluster's tool is installed.</summary>
    private HostContext Host
    {
        get
        {
            string tool = _mounts.Folder.Write("gluster", []);
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            HostContext host = _pool.Context.Host;
            return new HostContext
            {
                Commands = host.Commands,
                Tools = new HostTools([_mounts.Folder.Path]),
                RunDirectory = host.RunDirectory,
                InstanceId = host.InstanceId,
                Clock = host.Clock,
                Loggers = host.Loggers,
            };
        }
    }

    private async Task<IReadOnlyList<PoolSource>> FindAsync(params string[] hosts) =>
        await _backend.FindSourcesAsync(Host, new PoolSource { Hosts = [.. hosts.Select(name => new SourceHost(name))] }, CancellationToken.None);

    private async Task<IPoolSession?> StartAsync() => await _backend.StartAsync(_pool.Context, CancellationToken.None);

    private Task StopAsync() => _backend.StopAsync(_pool.Context, CancellationToken.None).AsTask();
}
