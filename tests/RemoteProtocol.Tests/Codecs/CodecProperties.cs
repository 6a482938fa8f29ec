using System.Buffers.Binary;
using System.Collections;
using System.Reflection;
using Cistern.RemoteProtocol.Xdr;
using FsCheck;
using FsCheck.Fluent;

namespace Cistern.RemoteProtocol.Tests.Codecs;

/// <summary>What holds for the XDR form of every type.</summary>
public class CodecProperties
{
    public static TheoryData<string> Types => CodecTypes.Names;

    [Theory]
    [MemberData(nameof(Types))]
    public void A_value_survives_writing_and_reading(string type) => CodecTypes.For(type, this, nameof(SurvivesWritingAndReading));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_truncated_value_is_a_format_error_wherever_it_ends(string type) => CodecTypes.For(type, this, nameof(TruncationIsFormatError));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_hostile_word_is_a_format_error_at_worst_and_allocates_little(string type) =>
        CodecTypes.For(type, this, nameof(HostileWordIsHarmless));

    private static void SurvivesWritingAndReading<T>()
        where T : IXdrCodec<T> => Check<T>(30, value =>
    {
        var bytes = CodecBytes.Write(value);
        Assert.Equal(0, bytes.Length % 4);
        var (read, left) = CodecBytes.Read<T>([.. bytes, 1, 2, 3]);
        Assert.Equal(3, left);
        AssertSame(value, read);
    });

    private static void TruncationIsFormatError<T>()
        where T : IXdrCodec<T> => Check<T>(5, value =>
    {
        var bytes = CodecBytes.Write(value);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<XdrFormatException>(() => CodecBytes.Read<T>(bytes.AsSpan(0, length)));
        }
    });

    private static void HostileWordIsHarmless<T>()
        where T : IXdrCodec<T>
    {
        uint[] words = [uint.MaxValue, int.MaxValue, 16384];
        Check<T>(3, value =>
        {
            var bytes = CodecBytes.Write(value);
            for (var at = 0; at < bytes.Length; at += 4)
            {
                foreach (var word in words)
                {
                    var changed = bytes.ToArray();
                    BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(at), word);
                    var before = GC.GetAllocatedBytesForCurrentThread();
                    try
                    {
                        CodecBytes.Read<T>(changed);
                    }
                    catch (XdrFormatException)
                    {
                        // Refused, which is as good as read.
                    }

                    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384 + (32L * bytes.Length));
                }
            }
        });
    }

    private static void Check<T>(int cases, Action<T> property) =>
        Prop.ForAll(ValueGenerator.Of<T>().ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(cases).WithReplay(20, 1));

    /// <summary>Equality that looks into arrays.</summary>
    private static void AssertSame(object? expected, object? actual)
    {
        switch (expected)
        {
            case Array items:
                Assert.Equal(items.Length, Assert.IsType<Array>(actual, exactMatch: false).Length);
                foreach (var (left, right) in items.Cast<object?>().Zip(((IEnumerable)actual!).Cast<object?>()))
                {
                    AssertSame(left, right);
                }

                break;
            case not null when CodecTypes.All.Contains(expected.GetType()):
                foreach (var property in expected.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
                {
                    AssertSame(property.GetValue(expected), property.GetValue(actual));
                }

                break;
            default:
                Assert.Equal(expected, actual);
                break;
        }
    }
}
