namespace Cistern.Server.Transport;

/// <summary>Hears of a socket's readiness.</summary>
internal interface IPolledSocket
{
    /// <summary>Called on a thread of the poller, possibly on two at a time; must not throw.</summary>
    /// <param name="events">EPOLL… bits.</param>
    void OnReady(uint events);

    /// <summary>Whether more than a call came the last time: a stream, which never waits for an answer.</summary>
    bool IsStreaming => false;
}
