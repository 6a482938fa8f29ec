using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using Cistern.Benchmarks.Micro;

// In this process: otherwise each class of benchmarks builds the whole server again.
string[] wanted = args.Length == 0 ? ["--filter", "*"] : args;
BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run([.. wanted, "--inProcess"], DefaultConfig.Instance.WithArtifactsPath("artifacts/benchmarks"));
