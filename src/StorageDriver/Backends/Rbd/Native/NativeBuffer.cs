using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>Memory that stays where it is while a call that goes on reads or writes it.</summary>
/// <param name="size">Bytes.</param>
internal sealed unsafe class NativeBuffer(int size) : IDisposable
{
    public byte* Pointer { get; } = (byte*)NativeMemory.Alloc((nuint)size);

    public int Size => size;

    public Span<byte> Span => new(Pointer, size);

    public void Dispose() => NativeMemory.Free(Pointer);
}
