using Cistern.Server.Hosting;

var request = CommandLine.Parse(args, Environment.GetEnvironmentVariable);
if (request.Options is null)
{
    (request.ExitCode == 0 ? Console.Out : Console.Error).WriteLine(request.Message);
    return request.ExitCode;
}

return await ServerHost.RunAsync(request.Options, Console.Out, Console.Error).ConfigureAwait(false);
