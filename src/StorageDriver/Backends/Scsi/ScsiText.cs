using System.Buffers;
using System.Text;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>Text of SCSI units, which they pad and fill as they like.</summary>
internal static class ScsiText
{
    private const string Digits = "0123456789";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    /// <summary>What udev lets stand in names.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(Digits + Letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ#+-.:=@_");

    /// <summary>Up to the first zero.</summary>
    public static string Read(ReadOnlySpan<byte> text) =>
        Encoding.Latin1.GetString(text.IndexOf((byte)0) is >= 0 and var end ? text[..end] : text);

    /// <summary>Without blanks at the ends; a run of blanks within, and each character that has no place in a name, is one underscore.</summary>
    public static string Clean(string text)
    {
        StringBuilder clean = new(text.Length);
        foreach (string word in text.Split((char[])[' ', '\t', '\n', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            clean.Append(clean.Length == 0 ? "" : "_");
            foreach (char character in word)
            {
                clean.Append(Plain.Contains(character) ? character : '_');
            }
        }

        return clean.ToString();
    }
}
