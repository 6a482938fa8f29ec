using Cistern.Server.Hosting;

return await Launch.RunAsync(args).ConfigureAwait(false);
