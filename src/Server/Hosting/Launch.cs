using System.ComponentModel;
using Cistern.Server.Hosting.Background;
using Cistern.Server.Hosting.Systemd;

namespace Cistern.Server.Hosting;

/// <summary>What a start of the program comes to: a message, a check, a server here or in the background.</summary>
internal static class Launch
{
    private const int Failed = 1;

    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var detachment = Detachment.OfThisProcess();
        var request = CommandLine.Parse(arguments, Environment.GetEnvironmentVariable);
        if (request.Options is not { } options)
        {
            await (request.ExitCode == 0 ? Console.Out : Console.Error).WriteLineAsync(request.Message).ConfigureAwait(false);
            return request.ExitCode;
        }

        if (request.ChecksOnly)
        {
            return new ConfigurationCheck(options).Report(Console.Out, Console.Error);
        }

        if (detachment is not null)
        {
            // It may live long, and shall keep no file system busy.
            Directory.SetCurrentDirectory("/");
            return await ServerHost.RunAsync(options, StandardStream.Writer(StandardStream.Output), StandardStream.Writer(StandardStream.Error), detachment)
                .ConfigureAwait(false);
        }

        return request.Detaches ? Detach(arguments) : await ServerHost.RunAsync(options, Console.Out, Console.Error, detachment: null).ConfigureAwait(false);
    }

    private static int Detach(string[] arguments)
    {
        if (ActivationSocket.AreThere)
        {
            Console.Error.WriteLine("cisternd: cannot start: --daemon is not for a server whose sockets are handed over: their service manager waits for this process");
            return Failed;
        }

        try
        {
            return Detachment.Start(arguments);
        }
        catch (Win32Exception exception)
        {
            Console.Error.WriteLine($"cisternd: cannot start: {exception.Message}");
            return Failed;
        }
    }
}
