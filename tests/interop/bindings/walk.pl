# The storage API of Sys::Virt from end to end. Arguments: URI and an empty folder. Dies where something is not as it should be.
use strict;
use warnings;
use Sys::Virt;
use Sys::Virt::Event;
use Sys::Virt::StoragePool;
use Sys::Virt::StorageVol;
use Sys::Virt::Secret;

my ($uri, $folder) = @ARGV;

sub is { my ($got, $want, $what) = @_; $got eq $want or die "$what: '$got' is not '$want'\n" }
sub fails {
    my ($code, $call) = @_;
    eval { $call->(); 1 } and die "no error $code\n";
    $@->isa("Sys::Virt::Error") or die $@;
    is($@->code, $code, "error");
}

Sys::Virt::Event::register_default();
my $conn = Sys::Virt->new(uri => $uri);
my (@told, @secrets);
my @callbacks = (
    $conn->storage_pool_event_register_any(undef, Sys::Virt::StoragePool::EVENT_ID_LIFECYCLE, sub { push @told, "$_[2]" }),
    $conn->storage_pool_event_register_any(undef, Sys::Virt::StoragePool::EVENT_ID_REFRESH, sub { push @told, "refresh" }));
my @secret_callbacks = (
    $conn->secret_event_register_any(undef, Sys::Virt::Secret::EVENT_ID_LIFECYCLE, sub { push @secrets, "$_[2]" }),
    $conn->secret_event_register_any(undef, Sys::Virt::Secret::EVENT_ID_VALUE_CHANGED, sub { push @secrets, "value" }));

# Pools
$conn->get_storage_pool_capabilities() =~ /<pool type='dir' supported='yes'>/ or die "capabilities";
fails(Sys::Virt::Error::ERR_NO_SUPPORT, sub { $conn->find_storage_pool_sources("dir", "<source/>") });
my $pool = $conn->define_storage_pool("<pool type='dir'><name>perl</name><target><path>$folder/pool</path></target></pool>");
is($pool->is_active ? 1 : 0, 0, "active");
is(join(" ", map { $_->get_name } $conn->list_defined_storage_pools), "perl", "defined pools");
$pool->build;
$pool->create;
$pool->set_autostart(1);
is($pool->get_autostart, 1, "autostart");
is($pool->is_persistent, 1, "persistent");
is($pool->get_info->{state}, Sys::Virt::StoragePool::STATE_RUNNING, "state");
is($conn->num_of_storage_pools, 1, "pools");
is(join(" ", map { $_->get_name } $conn->list_storage_pools, $conn->list_all_storage_pools), "perl perl", "pools");
is($_->get_name, "perl", "look-up") for $conn->get_storage_pool_by_name("perl"), $conn->get_storage_pool_by_uuid($pool->get_uuid),
    $conn->get_storage_pool_by_target_path("$folder/pool");
$pool->get_xml_description(Sys::Virt::StoragePool::XML_INACTIVE) =~ m{<path>\Q$folder\E/pool</path>} or die "XML";
fails(Sys::Virt::Error::ERR_NO_STORAGE_POOL, sub { $conn->get_storage_pool_by_name("nosuch") });

# Volumes and streams
my $size = 3 << 20;
my $volume = $pool->create_volume("<volume><name>v</name><capacity>$size</capacity><allocation>0</allocation></volume>");
is($volume->get_path, "$folder/pool/v", "path");
is($_->get_key, $volume->get_key, "look-up") for $pool->get_volume_by_name("v"), $conn->get_storage_volume_by_path($volume->get_path),
    $conn->get_storage_volume_by_key($volume->get_key);
is($conn->get_storage_pool_by_volume($volume)->get_name, "perl", "pool of the volume");
my $content = join "", map { chr rand 256 } 1 .. $size;
my ($sent, $received) = (0, "");
my $stream = $conn->new_stream;
$volume->upload($stream, 0, $size);
$stream->send_all(sub { my (undef, undef, $n) = @_; $_[1] = substr $content, $sent, $n; $sent += length $_[1]; return length $_[1] });
$stream->finish;
$stream = $conn->new_stream;
$volume->download($stream, 0, 0);
$stream->recv_all(sub { my (undef, $data, $n) = @_; $received .= substr $data, 0, $n; return $n });
$stream->finish;
is($received eq $content ? 1 : 0, 1, "content");
$stream = $conn->new_stream;
$volume->upload($stream, 0, 0, Sys::Virt::StorageVol::VOL_UPLOAD_SPARSE_STREAM);
$stream->send_hole(1 << 20);
$stream->send("data", 4);
$stream->finish;
$stream = $conn->new_stream;
$volume->download($stream, 0, 0);
$stream->abort;
my $clone = $pool->clone_volume("<volume><name>c</name><capacity>$size</capacity></volume>", $volume);
is(join(" ", sort map { $_->get_name } $pool->list_all_volumes), "c v", "volumes");
is($pool->num_of_storage_volumes, 2, "volumes");
is(scalar($pool->list_volumes), 2, "volumes");
$clone->resize($size * 2);
is($clone->get_info->{capacity}, $size * 2, "capacity");
is($clone->get_info(Sys::Virt::StorageVol::GET_PHYSICAL)->{capacity}, $size * 2, "capacity");
$clone->wipe;
$clone->wipe_pattern(Sys::Virt::StorageVol::WIPE_ALG_ZERO);
$clone->get_xml_description =~ m{<name>c</name>} or die "XML";
$_->delete for $clone, $volume;
fails(Sys::Virt::Error::ERR_NO_STORAGE_VOL, sub { $pool->get_volume_by_name("v") });

# Secrets
my $secret = $conn->define_secret("<secret><usage type='volume'><volume>/perl</volume></usage></secret>");
$secret->set_value("a\0b");
is($secret->get_value, "a\0b", "value");
is($conn->get_secret_by_usage(Sys::Virt::Secret::USAGE_TYPE_VOLUME, "/perl")->get_uuid_string, $secret->get_uuid_string, "look-up");
is($conn->get_secret_by_uuid($secret->get_uuid)->get_usage_id, "/perl", "usage");
is($conn->num_of_secrets, 1, "secrets");
is(scalar(my @all = $conn->list_all_secrets), 1, "secrets");
$secret->get_xml_description =~ m{/perl} or die "XML";
$secret->undefine;

# The end, and what was told meanwhile: defined, created, started, refreshed, stopped, deleted, undefined
$pool->refresh;
$pool->destroy;
$pool->delete;
$pool->undefine;
my $timer = Sys::Virt::Event::add_timeout(20_000, sub { die "events: @told, @secrets\n" });
Sys::Virt::Event::run_default() until grep({ $_ eq Sys::Virt::StoragePool::EVENT_UNDEFINED } @told) && @secrets == 3;
is(join(" ", grep { $_ ne "refresh" } @told), join(" ", Sys::Virt::StoragePool::EVENT_DEFINED, Sys::Virt::StoragePool::EVENT_CREATED,
    Sys::Virt::StoragePool::EVENT_STARTED, Sys::Virt::StoragePool::EVENT_STOPPED, Sys::Virt::StoragePool::EVENT_DELETED,
    Sys::Virt::StoragePool::EVENT_UNDEFINED), "pool events");
grep({ $_ eq "refresh" } @told) or die "no refresh event";
is("@secrets", "0 value 1", "secret events");
$conn->storage_pool_event_deregister_any($_) for @callbacks;
$conn->secret_event_deregister_any($_) for @secret_callbacks;
print "whole\n";
