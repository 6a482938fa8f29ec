using System.Buffers.Binary;
using System.Text;

namespace Cistern.Fuzz;

/// <summary>Makes inputs out of seeds; the same number makes the same inputs.</summary>
public sealed class Mutator
{
    private const int MaxLength = 65536;

    private static readonly uint[] Words =
        [0, 1, 2, 4, 27, 28, 255, 16384, 16385, 65536, 4194304, 4194305, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];

    private readonly Random _random;
    private readonly IReadOnlyList<byte[]> _corpus;
    private readonly byte[][] _dictionary;

    public Mutator(int seed, FuzzTarget target)
    {
        _random = new Random(seed);
        _corpus = target.ReadCorpus() is { Count: > 0 } corpus ? corpus : [[]];
        _dictionary = [.. target.Dictionary.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>A seed, changed in one to eight places.</summary>
    public byte[] Next()
    {
        var input = new List<byte>(Pick(_corpus));
        for (var changes = _random.Next(1, 9); changes > 0; changes--)
        {
            Change(input);
        }

        return [.. input.Take(MaxLength)];
    }

    private void Change(List<byte> input)
    {
        switch (_random.Next(input.Count == 0 ? 2 : 9))
        {
            case 0:
                Insert(input, _dictionary.Length > 0 ? Pick(_dictionary) : Word());
                break;
            case 1:
                Insert(input, Slice(Pick(_corpus), out _));
                break;
            case 2:
                input[At(input)] ^= (byte)(1 << _random.Next(8));
                break;
            case 3:
                input[At(input)] = (byte)_random.Next(256);
                break;
            case 4 or 5:
                Overwrite(input, Word());
                break;
            case 6:
                var end = At(input);
                input.RemoveRange(end, input.Count - end);
                break;
            case 7:
                var removed = Slice([.. input], out var start);
                input.RemoveRange(start, removed.Length);
                break;
            default:
                Insert(input, Slice([.. input], out _));
                break;
        }
    }

    private byte[] Word()
    {
        var word = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(word, Pick(Words));
        return word;
    }

    /// <summary>Lies on a multiple of four, as all words of the protocol do.</summary>
    private void Overwrite(List<byte> input, byte[] word)
    {
        var start = At(input) & ~3;
        for (var i = 0; i < word.Length && start + i < input.Count; i++)
        {
            input[start + i] = word[i];
        }
    }

    private void Insert(List<byte> input, byte[] bytes) => input.InsertRange(_random.Next(input.Count + 1), bytes);

    private byte[] Slice(byte[] bytes, out int start)
    {
        start = _random.Next(bytes.Length + 1);
        return bytes.AsSpan(start, _random.Next(Math.Min(bytes.Length - start, 256) + 1)).ToArray();
    }

    private int At(List<byte> input) => _random.Next(input.Count);

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
