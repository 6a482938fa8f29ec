using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Backends;

/// <summary>How passphrases reach the tool, and that they go nowhere else.</summary>
public sealed class EncryptedVolumeTests : IDisposable
{
    private const ulong MiB = 1 << 20;

    private readonly FakeSecrets _secrets = new();
    private readonly TestPool _pool;

    public EncryptedVolumeTests()
    {
        _pool = new TestPool { Secrets = _secrets };
        _pool.Commands.Answer = Write;
    }

    private static VolumeEncryption Luks { get; } = new("luks")
    {
        Secrets = [new EncryptionSecret("passphrase", new SecretReference(FakeSecrets.Uuid, null))],
    };

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData("raw", "create -f luks --object secret,id=target,file=SECRET -o key-secret=target PART 1024K")]
    [InlineData("qcow2", "create -f qcow2 --object secret,id=target,file=SECRET -o encrypt.format=luks,encrypt.key-secret=target,compat=1.1 PART 1024K")]
    public async Task A_passphrase_stands_in_a_file_of_the_owners_as_long_as_the_command_runs(string format, string line)
    {
        List<(string Text, UnixFileMode Mode)> seen = [];
        _pool.Commands.Answer = command =>
        {
            string path = PassphrasePath();
            seen.Add((File.ReadAllText(path), File.GetUnixFileMode(path)));
            Assert.Contains(path, _pool.Journal);
            Assert.Equal(line, string.Join(' ', command.Arguments).Replace(path, "SECRET", StringComparison.Ordinal).Replace(Part(), "PART", StringComparison.Ordinal));
            return Write(command);
        };
        await _pool.CreateAsync(Encrypted("disk", format));
        Assert.Equal([(FakeSecrets.Passphrase, UnixFileMode.UserRead | UnixFileMode.UserWrite)], seen);
        AssertNothingLeft();
        Assert.DoesNotContain(_pool.Commands.Lines, text => text.Contains(FakeSecrets.Passphrase, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_command_that_fails_leaves_no_passphrase_and_tells_none()
    {
        _pool.Commands.Answer = _ => new CommandResult(1, "", "no luck");
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(Encrypted("disk", "raw")));
        Assert.DoesNotContain(FakeSecrets.Passphrase, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_pool.Entries());
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_measurement_of_the_processor_that_failed_by_chance_is_repeated()
    {
        int runs = 0;
        _pool.Commands.Answer = command =>
            ++runs < 3 ? new CommandResult(1, "", "qemu-img: disk: Unable to get accurate CPU usage") : Write(command);
        await _pool.CreateAsync(Encrypted("disk", "raw"));
        Assert.Equal(3, runs);
        Assert.Equal(["disk"], _pool.Entries());
        _pool.Commands.Answer = _ => new CommandResult(1, "", "qemu-img: disk: Unable to get accurate CPU usage");
        await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(Encrypted("other", "raw")));
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_cancelled_command_leaves_no_passphrase()
    {
        _pool.Commands.Answer = _ => throw new OperationCanceledException();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _pool.CreateAsync(Encrypted("disk", "raw")));
        Assert.Empty(_pool.Entries());
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_copy_is_made_first_and_filled_then()
    {
        VolumeDefinition source = Volume("source", "raw", Luks);
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, Encrypted("copy", "qcow2"), 0, CancellationToken.None)).Volume!;
        int passphrases = 0;
        _pool.Commands.Answer = command =>
        {
            passphrases = Directory.GetFiles(_pool.RunFolder, "*.passphrase").Length;
            return Write(command);
        };
        await CloneAsync(source, copy);
        Assert.Equal(2, passphrases);
        Assert.StartsWith("qemu-img create -f qcow2 --object secret,id=target,file=", _pool.Commands.Lines[0], StringComparison.Ordinal);
        Assert.Matches(
            "^qemu-img convert --image-opts -n --target-image-opts --object secret,id=target,file=[^ ]+ --object secret,id=source,file=[^ ]+ "
            + "driver=luks,file.filename=[^ ]+/source,key-secret=source driver=qcow2,file.filename=[^ ]+part,encrypt.key-secret=target$",
            _pool.Commands.Lines[1]);
        Assert.Equal(["copy", "source"], _pool.Entries());
        AssertNothingLeft();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_whose_secret_no_document_named_is_opened_with_that_for_its_path(bool there)
    {
        VolumeDefinition source = Volume("source", "raw", new VolumeEncryption("luks"));
        _secrets.Usage = there ? source.Target.Path! : "another";
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, TestPool.Raw("copy", MiB), 0, CancellationToken.None)).Volume!;
        if (there)
        {
            await CloneAsync(source, copy);
            Assert.EndsWith($"key-secret=source driver=raw,file.filename={Part(_pool.Commands.Lines[1])}", _pool.Commands.Lines[1], StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(StorageErrorCode.InvalidArgument, (await Assert.ThrowsAsync<StorageException>(() => CloneAsync(source, copy))).Code);
            Assert.Empty(_pool.Commands.Lines);
        }

        AssertNothingLeft();
    }

    [Fact]
    public async Task A_resize_needs_the_passphrase()
    {
        VolumeDefinition volume = Volume("disk", "raw", new VolumeEncryption("luks"));
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => ResizeAsync(volume));
        Assert.Equal(StorageErrorCode.XmlError, error.Code);
        _secrets.Usage = volume.Target.Path!;
        await ResizeAsync(volume);
        Assert.Matches("^qemu-img resize --object secret,id=volume,file=[^ ]+ --image-opts driver=luks,file.filename=[^ ]+/disk,key-secret=volume 2097152$", Assert.Single(_pool.Commands.Lines));
        AssertNothingLeft();
    }

    [Theory]
    [InlineData("luks", 0, StorageErrorCode.InvalidArgument)]
    [InlineData("luks", 2, StorageErrorCode.InvalidArgument)]
    [InlineData("qcow", 1, StorageErrorCode.ConfigUnsupported)]
    public async Task What_cannot_be_encrypted_is_refused_before_anything_is_made(string encryption, int secrets, StorageErrorCode code)
    {
        VolumeEncryption given = new(encryption) { Secrets = [.. Enumerable.Repeat(Luks.Secrets[0], secrets)] };
        VolumeDefinition request = Encrypted("disk", "qcow2");
        request = request with { Target = request.Target with { Encryption = given } };
        Assert.Equal(code, (await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(request))).Code);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_secret_that_is_not_there_is_named()
    {
        VolumeDefinition request = Encrypted("disk", "raw");
        VolumeEncryption unknown = Luks with { Secrets = [new EncryptionSecret("passphrase", new SecretReference(null, "nosuch"))] };
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => _pool.CreateAsync(request with { Target = request.Target with { Encryption = unknown } }));
        Assert.Equal((StorageErrorCode.NoSecret, StorageErrorDomain.Secret), (error.Code, error.Domain));
        Assert.Contains("nosuch", error.Message, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_file_keeps_the_secret_that_is_known_of_it_and_another_file_does_not_get_it()
    {
        VolumeDefinition volume = await _pool.CreateAsync(Encrypted("disk", "raw"));
        ScannedVolume made = (await _pool.Backend.RefreshVolumeAsync(_pool.Context, volume, CancellationToken.None))!;
        Assert.Equal(Luks, made.Definition.Target.Encryption);
        File.SetLastWriteTimeUtc(volume.Target.Path!, DateTime.UnixEpoch);
        Assert.Equal(Luks, (await RefreshAsync(made)).Target.Encryption);
        File.Move(volume.Target.Path!, _pool.Folder["old"]);
        File.WriteAllBytes(volume.Target.Path!, LuksHeader());
        Assert.Equal(new VolumeEncryption("luks"), (await RefreshAsync(made)).Target.Encryption);
        File.WriteAllBytes(volume.Target.Path!, [1]);
        Assert.Null((await RefreshAsync(made)).Target.Encryption);
    }

    private static byte[] LuksHeader() => [.. "LUKS"u8, 0xBA, 0xBE, 0, 1, .. new byte[4096]];

    private static VolumeDefinition Encrypted(string name, string format) =>
        TestPool.Raw(name, MiB) with { Target = new VolumeTarget { Format = format, Encryption = Luks } };

    /// <summary>What the tool does: the last argument but one, or the file named last, is the image.</summary>
    private static CommandResult Write(Command command)
    {
        if (command.Arguments[0] == "create")
        {
            File.WriteAllBytes(command.Arguments[^2], LuksHeader());
        }

        return new CommandResult(0, "", "");
    }

    private async Task<VolumeDefinition> RefreshAsync(ScannedVolume known)
    {
        PoolContext context = _pool.Context;
        PoolContext knowing = new()
        {
            Definition = context.Definition,
            Threads = context.Threads,
            Host = context.Host,
            Known = _ => known,
        };
        return (await _pool.Backend.RefreshVolumeAsync(knowing, known.Definition, CancellationToken.None))!.Definition;
    }

    private VolumeDefinition Volume(string name, string format, VolumeEncryption encryption) =>
        TestPool.Raw(name, MiB) with
        {
            Target = new VolumeTarget { Format = format, Encryption = encryption, Path = _pool.Folder.Write(name, LuksHeader()) },
        };

    private Task CloneAsync(VolumeDefinition source, VolumeDefinition copy) =>
        _pool.Backend.BuildFromAsync(
            _pool.Context, copy, new VolumeSource(_pool.Backend, _pool.Context, source), 0, new JobProgress(), CancellationToken.None).AsTask();

    private Task ResizeAsync(VolumeDefinition volume) =>
        _pool.Backend.ResizeAsync(_pool.Context, volume, 2 * MiB, 0, CancellationToken.None).AsTask();

    private string PassphrasePath() => Assert.Single(Directory.GetFiles(_pool.RunFolder, "*.passphrase"));

    private string Part() => _pool.Journal.Single(path => path.EndsWith(".part", StringComparison.Ordinal));

    private static string Part(string line) => line[(line.LastIndexOf('=') + 1)..];

    private void AssertNothingLeft()
    {
        Assert.Empty(Directory.GetFiles(_pool.RunFolder, "*.passphrase"));
        Assert.Empty(_pool.Journal);
    }
}
