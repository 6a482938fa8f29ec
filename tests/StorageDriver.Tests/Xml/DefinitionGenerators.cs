using System.Collections.Immutable;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using FsCheck;
using FsCheck.Fluent;

namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>Makes every definition that a document can say.</summary>
internal static class DefinitionGenerators
{
    private static readonly Gen<string> Text =
        Gen.Elements("a", "B", "7", "<", ">", "&", "'", "\"", " ", "é", "€", "😀", "-", ".", "]]>", "\t", "\r").NonEmptyListOf().Select(parts => string.Concat(parts));

    private static readonly Gen<string> Path = Text.Select(text => "/" + text);

    private static readonly Gen<Guid> Uuid = Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), 16).Select(bytes => new Guid(bytes));

    private static readonly Gen<bool?> YesNo = Gen.Elements<bool?>(null, true, false);

    private static readonly Gen<ulong> Size = Gen.Frequency(
        (3, Gen.Choose(0, int.MaxValue).Select(size => (ulong)size)),
        (1, Gen.Choose(0, 62).Select(bit => 1ul << bit)),
        (1, Gen.Constant((ulong)long.MaxValue)));

    private static readonly Gen<string> Wwn = Gen.Elements("5001a4ace3b4ee86", "0x5001A4ACE3B4EE86");

    private static readonly Gen<uint?> Id = Optional(Gen.Elements(0u, 1u, 1000u, (uint)int.MaxValue));

    private static readonly Gen<Permissions?> Permissions =
        from mode in Optional(Gen.Choose(0, 0x1ff).Select(mode => (uint)mode))
        from owner in Id
        from @group in Id
        from label in OrNull(Text)
        select mode is null && owner is null && @group is null && label is null ? null : new Permissions(mode, owner, @group, label);

    private static readonly Gen<SecretReference> Secret =
        Gen.OneOf(Uuid.Select(uuid => new SecretReference(uuid, null)), Text.Select(usage => new SecretReference(null, usage)));

    private static readonly Gen<SourceAuth> Auth =
        from type in Gen.Elements("chap", "ceph")
        from username in Text
        from secret in Secret
        from secretType in OrNull(Text)
        select new SourceAuth(type, username, secret, secretType);

    private static readonly Gen<SourceAdapter> Adapter = Gen.OneOf(
        Text.Select(SourceAdapter (name) => new ScsiHostAdapter(name, null)),
        from domain in Gen.Choose(0, 65535)
        from bus in Gen.Choose(0, 255)
        from slot in Gen.Choose(0, 31)
        from function in Gen.Choose(0, 7)
        from uniqueId in Gen.Choose(0, int.MaxValue)
        select (SourceAdapter)new ScsiHostAdapter(null, new PciParent((uint)domain, (uint)bus, (uint)slot, (uint)function, (uint)uniqueId)),
        from parent in OrNull(Text)
        from parentWwn in OrNull(Wwn)
        from fabric in OrNull(Wwn)
        from managed in YesNo
        from wwn in Wwn
        select (SourceAdapter)new FcHostAdapter(parent, parentWwn, parentWwn, fabric, managed, wwn, wwn));

    private static readonly Gen<SourceHost> Host = from name in Text from port in Gen.Choose(-1, 65535) select new SourceHost(name, port);

    private static readonly Gen<SourceDevice> Device = from path in Path from separator in YesNo select new SourceDevice(path, separator);

    private static readonly Gen<KeyValuePair<string, string>> ConfigOption = from name in Text from value in Text select KeyValuePair.Create(name, value);

    private static readonly Gen<VolumeEncryption> Encryption =
        from format in Gen.Elements("luks", "luks2", "qcow", "default")
        from engine in Gen.Elements(null, "qemu", "librbd")
        from secrets in Array(Secret.Select(secret => new EncryptionSecret("passphrase", secret)))
        from cipher in OrNull(
            from name in Text
            from size in Gen.Choose(0, 512)
            from mode in OrNull(Text)
            from hash in OrNull(Text)
            select new EncryptionCipher(name, (uint)size, mode, hash))
        from ivgen in OrNull(from name in Text from hash in OrNull(Text) select new EncryptionIvgen(name, hash))
        let detailed = format == "luks"
        select new VolumeEncryption(format)
        {
            Engine = engine,
            Secrets = secrets,
            Cipher = detailed ? cipher : null,
            Ivgen = detailed && cipher is not null ? ivgen : null,
        };

    public static Gen<PoolDefinition> Pool { get; } =
        from type in Gen.Elements(PoolTypes.All.ToArray())
        from name in Text
        from uuid in Uuid
        from cow in YesNo
        from source in Source(type)
        from path in Path
        from permissions in Permissions
        from refresh in Gen.Elements(null, "default", "capacity")
        from mountOptions in Array(Text)
        from configOptions in Array(ConfigOption)
        select new PoolDefinition
        {
            Type = type.Type,
            Name = name,
            Uuid = uuid,
            Cow = type.AcceptsCow ? cow : null,
            Source = source,
            Target = type.TargetPath switch
            {
                TargetPathRule.None => null,
                TargetPathRule.FromSourceName => new PoolTarget(type.TargetPathPrefix + source.Name, permissions),
                _ => new PoolTarget(path, permissions),
            },
            RefreshVolumeAllocation = refresh,
            MountOptions = type.OptionsNamespace == OptionsNamespace.MountOptions ? mountOptions : [],
            ConfigOptions = type.OptionsNamespace == OptionsNamespace.ConfigOptions ? configOptions : [],
        };

    public static Gen<(PoolTypeInfo Type, VolumeDefinition Volume)> Volume { get; } =
        from type in Gen.Elements(PoolTypes.All.ToArray())
        from name in Text
        from key in OrNull(Text)
        from kind in Gen.Elements(Enum.GetValues<VolumeKind>())
        from capacity in Size
        from allocation in Size
        from target in Target(type)
        from backingPath in OrNull(Path)
        from backingFormat in Format(type)
        from backingPermissions in Permissions
        select (type, new VolumeDefinition
        {
            Name = name,
            Key = key,
            Kind = kind,
            Capacity = capacity,
            Allocation = allocation,
            AllocationGiven = true,
            Target = target,
            BackingStore = backingPath is null ? null : new BackingStore(backingPath, backingFormat) { Permissions = backingPermissions },
        });

    private static Gen<PoolSource> Source(PoolTypeInfo type) =>
        from hosts in Host.NonEmptyListOf()
        from devices in Device.NonEmptyListOf()
        from dir in Path
        from adapter in Adapter
        from name in Text
        from iqn in Text
        from format in type.DefaultSourceFormat is null ? Gen.Constant<string?>(null) : Gen.Elements<string?>(type.SourceFormats.ToArray())
        from auth in OrNull(Auth)
        from version in OrNull(Text)
        from vendor in OrNull(Text)
        from product in OrNull(Text)
        select new PoolSource
        {
            Hosts = type.Accepted.HasFlag(SourceParts.Host) ? [.. hosts] : [],
            Devices = type.Accepted.HasFlag(SourceParts.Device) ? [.. devices] : [],
            Dir = type.Accepted.HasFlag(SourceParts.Dir) ? dir : null,
            Adapter = type.Accepted.HasFlag(SourceParts.Adapter) ? adapter : null,
            Name = type.Accepted.HasFlag(SourceParts.Name) ? name : null,
            InitiatorIqn = type.Accepted.HasFlag(SourceParts.InitiatorIqn) ? iqn : null,
            Format = format,
            Auth = auth,
            ProtocolVersion = format is "glusterfs" or "cifs" ? null : version,
            Vendor = vendor,
            Product = product,
        };

    private static Gen<VolumeTarget> Target(PoolTypeInfo type) =>
        from path in OrNull(Path)
        from format in Format(type)
        from permissions in Permissions
        from encryption in OrNull(Encryption)
        from compat in Gen.Elements(null, "0.10", "1.1")
        from clusterSize in Size
        from features in Gen.Elements<VolumeFeatures?>(
            null, VolumeFeatures.None, VolumeFeatures.LazyRefcounts, VolumeFeatures.ExtendedL2, VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2)
        select new VolumeTarget
        {
            Path = path,
            Format = format,
            Permissions = permissions,
            Encryption = encryption,
            Compat = compat ?? (features is null ? null : "1.1"),
            ClusterSize = clusterSize,
            Features = features,
        };

    private static Gen<string?> Format(PoolTypeInfo type) => type.DefaultVolumeFormat is null
        ? Gen.Constant<string?>(null)
        : Gen.Elements<string?>([.. type.VolumeFormats.Where(format => format != "none" || type.DefaultVolumeFormat == "none")]);

    private static Gen<T?> OrNull<T>(Gen<T> values)
        where T : class => Gen.Frequency((1, Gen.Constant<T?>(null)), (2, values.Select(T? (value) => value)));

    private static Gen<T?> Optional<T>(Gen<T> values)
        where T : struct => Gen.Frequency((1, Gen.Constant<T?>(null)), (2, values.Select(T? (value) => value)));

    private static Gen<ImmutableArray<T>> Array<T>(Gen<T> values) => values.ListOf().Select(list => list.ToImmutableArray());
}
