using System.Runtime.InteropServices;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Host;

/// <summary>
/// How the wrappers in this folder answer: a non-negative result, or the negated error number. None of them throws for a failed call, because
/// what a number means is known only where the call is made; <see cref="Check(long, string)"/> turns the rest into the client's error.
/// </summary>
internal static class SystemCall
{
    /// <summary>The result itself, or the negated <c>errno</c> when it is -1.</summary>
    public static int Result(int result) => result == -1 ? -Marshal.GetLastPInvokeError() : result;

    /// <inheritdoc cref="Result(int)"/>
    public static long Result(long result) => result == -1 ? -Marshal.GetLastPInvokeError() : result;

    /// <exception cref="StorageException">38/18 with the error number, when <paramref name="result"/> is negative.</exception>
    public static long Check(long result, string detail) =>
        result >= 0 ? result : throw StorageErrors.System((int)-result, detail);

    /// <inheritdoc cref="Check(long, string)"/>
    public static int Check(int result, string detail) => (int)Check((long)result, detail);
}
