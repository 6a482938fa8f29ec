using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using Cistern.Benchmarks.Micro;

BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, DefaultConfig.Instance.WithArtifactsPath("artifacts/benchmarks"));
