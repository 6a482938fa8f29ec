using System.ComponentModel;
using Cistern.Server.Hosting.Background;
using Cistern.Server.Hosting.Systemd;
using Cistern.Server.Logging;
using Cistern.Storage.Errors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Runs a server until it is told to stop (Ctrl-C, SIGTERM).</summary>
public static class ServerHost
{
    private const int Failed = 1;

    /// <summary>Time that running calls and open streams get to end when the server stops.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(10);

    /// <param name="options">What the command line asks for.</param>
    /// <param name="output">Told where the server listens, one line each, and how to reach it.</param>
    /// <param name="error">Gets the log, and why the server did not start.</param>
    /// <param name="detachment">Told when the server listens; null: nobody waits for that.</param>
    /// <returns>The process's exit code.</returns>
    internal static async Task<int> RunAsync(ServerOptions options, TextWriter output, TextWriter error, Detachment? detachment)
    {
        try
        {
            var manager = ServiceManager.OfEnvironment();
            options = options with { Activated = ActivationSocket.TakeAll() };
            var configured = ConfigurationFile.Apply(options);
            using var pidFile = options.PidFile is { } path ? PidFile.Take(path) : null;
            using var host = Build(options, configured, manager, output, error);
            await host.StartAsync().ConfigureAwait(false);
            detachment?.Complete();
            await host.WaitForShutdownAsync().ConfigureAwait(false);
            return 0;
        }
        catch (Exception expected) when (expected is StorageException or IOException or UnauthorizedAccessException or Win32Exception or ArgumentException
            or FormatException)
        {
            await error.WriteLineAsync($"cisternd: cannot start: {expected.Message}").ConfigureAwait(false);
            return Failed;
        }
    }

    private static IHost Build(ServerOptions commandLine, ServerOptions options, ServiceManager manager, TextWriter output, TextWriter error)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        var log = new LogSettings(options.LogLevel, error, TimeProvider.System);
        log.SetFilters(options.Log.Filters);
        log.SetOutputs(options.Log.Outputs);

        // What passes is for the settings to say, which change.
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);

        // The host's own remarks say nothing about the server, and a failed start is told by RunAsync.
        builder.Logging.AddFilter("Microsoft", LogLevel.Critical);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton(services => new StorageServer(
            options, log, services.GetRequiredService<ILoggerFactory>(), output, services.GetRequiredService<IHostApplicationLifetime>().StopApplication));
        builder.Services.AddHostedService(services => services.GetRequiredService<StorageServer>());
        builder.Services.AddHostedService(services =>
        {
            var server = services.GetRequiredService<StorageServer>();
            var reload = new ConfigurationReload(commandLine, server.Reload, services.GetRequiredService<ILogger<Supervision>>());
            return new Supervision(server, reload, manager);
        });
        return builder.Build();
    }
}
