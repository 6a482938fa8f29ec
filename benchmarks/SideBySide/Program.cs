using Cistern.Benchmarks.SideBySide;

return Options.TryParse(args, out var options) ? Session.Run(options) : Options.Help();
