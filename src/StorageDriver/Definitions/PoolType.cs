namespace Cistern.Storage.Definitions;

/// <summary>The pool types of libvirt, with the numbers that its list filters and capabilities use.</summary>
public enum PoolType
{
    Dir = 0,
    Fs = 1,
    NetFs = 2,
    Logical = 3,
    Disk = 4,
    Iscsi = 5,
    IscsiDirect = 6,
    Scsi = 7,
    Mpath = 8,
    Rbd = 9,
    Sheepdog = 10,
    Gluster = 11,
    Zfs = 12,
    VStorage = 13,
}
