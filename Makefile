# The two commands of the README are `make run` and `make test`; the rest serves them.
SHELL := /bin/bash
.DEFAULT_GOAL := build
CONFIGURATION ?= Release
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.PHONY: build run publish deb unit format test interop vm-test compare fuzz bench bench-micro soak clean

build:
	dotnet build Server.sln -c $(CONFIGURATION) -v quiet

# Builds and starts a working server for this user: no root, no other service. ARGS="--option ..." passes options on.
run:
	dotnet build src/Server/Server.csproj -c $(CONFIGURATION) -v quiet
	exec dotnet src/Server/bin/$(CONFIGURATION)/net10.0/cisternd.dll $(ARGS)

# The shipped form: one self-contained, trimmed, ReadyToRun file.
publish:
	dotnet publish src/Server/Server.csproj -c Release -v quiet -o artifacts/publish

# artifacts/cistern_VERSION_ARCHITECTURE.deb; takes dpkg-dev, not root.
deb: publish
	packaging/debian/build artifacts

# The fast inner loop: no root, nothing installed, under a minute.
unit:
	eng/test unit

# Needs a build: without the generated code it sees errors everywhere.
format:
	Configuration=$(CONFIGURATION) dotnet format Server.sln --verify-no-changes --no-restore

# Everything; installs what it needs through apt when root, else names it.
test:
	eng/test all

interop:
	eng/test interop

# Pools on kernel storage, in throw-away User-Mode Linux machines; SKIP_VM=1 leaves them out of `make test`.
vm-test:
	eng/test vm

compare:
	eng/test compare

# make fuzz TARGET=frame SECONDS=60
fuzz:
	dotnet run --project tests/Fuzz -c Release -- $(or $(TARGET),all) --seconds $(or $(SECONDS),60)

bench: publish
	dotnet run --project benchmarks/SideBySide -c Release -- $(ARGS)

bench-micro:
	dotnet run --project benchmarks/Micro -c Release -- $(ARGS)

clean:
	dotnet clean Server.sln -v quiet
	rm -rf artifacts TestResults
