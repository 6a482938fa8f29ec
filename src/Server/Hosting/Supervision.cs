using System.Runtime.InteropServices;
using Cistern.Server.Hosting.Systemd;
using Microsoft.Extensions.Hosting;

namespace Cistern.Server.Hosting;

/// <summary>What goes on around a server that serves: reports to the service manager, and the reload at SIGHUP.</summary>
internal sealed class Supervision(StorageServer server, ConfigurationReload reload, ServiceManager manager) : IHostedService
{
    private readonly Stack<IDisposable> _parts = new();

    /// <summary>Begins when the server has started.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _parts.Push(PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangup));
        if (manager.WatchdogInterval is { } interval)
        {
            _parts.Push(new Watchdog(interval, server.AnswerAsync, manager.Alive, TimeProvider.System));
        }

        manager.Ready();
        return Task.CompletedTask;
    }

    /// <summary>Ends before the server is stopped.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        manager.Stopping();
        while (_parts.TryPop(out var part))
        {
            part.Dispose();
        }

        return Task.CompletedTask;
    }

    private void OnHangup(PosixSignalContext context)
    {
        context.Cancel = true;
        manager.Reloading();
        reload.Run();
        manager.Ready();
    }
}
