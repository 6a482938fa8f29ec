using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>The entries of a folder, a bufferful at a time, without a string or a second look for each (getdents64(2)).</summary>
internal sealed unsafe partial class DirectoryReader : IDisposable
{
    private const int BufferSize = 32 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    private int _filled;

    private DirectoryReader(SafeFileHandle handle) => Handle = handle;

    /// <summary>The open folder.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Null, and a negative result, when the folder cannot be opened.</summary>
    public static int Open(string path, out DirectoryReader? reader)
    {
        int result = FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory, out SafeFileHandle? handle);
        reader = handle is null ? null : new DirectoryReader(handle);
        return result;
    }

    /// <summary>Reads the next bufferful; 0 at the end, a negated error number on failure.</summary>
    public int Fill()
    {
        fixed (byte* buffer = _buffer)
        {
            int result = (int)SystemCall.Result((long)GetDents(Handle, buffer, BufferSize));
            _filled = Math.Max(result, 0);
            return result;
        }
    }

    /// <summary>The entries of the bufferful, valid until the next <see cref="Fill"/>; <c>.</c> and <c>..</c> are among them.</summary>
    public Enumerator GetEnumerator() => new(_buffer.AsSpan(0, _filled));

    public void Dispose() => Handle.Dispose();

    /// <summary>An entry: its kind, where the file system says it (else 0), and its name ended by a zero that is not part of it.</summary>
    public readonly ref struct Entry(FileType type, ReadOnlySpan<byte> name)
    {
        public FileType Type { get; } = type;

        public ReadOnlySpan<byte> Name { get; } = name;
    }

    public ref struct Enumerator(ReadOnlySpan<byte> records)
    {
        private const int NameOffset = 19;

        private ReadOnlySpan<byte> _records = records;

        public Entry Current { get; private set; }

        public bool MoveNext()
        {
            if (_records.IsEmpty)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16LittleEndian(_records[16..]);
            ReadOnlySpan<byte> name = _records[NameOffset..length];
            Current = new Entry((FileType)(_records[18] << 12), name[..name.IndexOf((byte)0)]);
            _records = _records[length..];
            return true;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint GetDents(SafeFileHandle folder, byte* buffer, nuint size);
}
