<?php
// The storage API of php-libvirt from end to end; it has no events and no secrets. Arguments: URI and an empty folder.
[, $uri, $folder] = $argv;

function is($got, $want, string $what): void
{
    if ($got !== $want) {
        fwrite(STDERR, "$what: " . var_export($got, true) . " is not " . var_export($want, true) . ", " . libvirt_get_last_error() . "\n");
        exit(1);
    }
}

$conn = libvirt_connect($uri, false);
is(is_resource($conn), true, "connection");

// Pools
$pool = libvirt_storagepool_define_xml($conn, "<pool type='dir'><name>php</name><target><path>$folder/pool</path></target></pool>");
is(libvirt_list_inactive_storagepools($conn), ["php"], "inactive pools");
is(libvirt_storagepool_build($pool), true, "build");
is(libvirt_storagepool_create($pool), true, "create");
is(libvirt_storagepool_set_autostart($pool, true), true, "autostart");
is((bool) libvirt_storagepool_get_autostart($pool), true, "autostart");
is((bool) libvirt_storagepool_is_active($pool), true, "active");
is(libvirt_list_active_storagepools($conn), ["php"], "active pools");
is(libvirt_list_storagepools($conn), ["php"], "pools");
is(libvirt_storagepool_get_info($pool)["state"], 2, "state");
$uuid = libvirt_storagepool_get_uuid_string($pool);
is(libvirt_storagepool_get_name(libvirt_storagepool_lookup_by_uuid_string($conn, $uuid)), "php", "look-up");
is(libvirt_storagepool_get_uuid_string(libvirt_storagepool_lookup_by_name($conn, "php")), $uuid, "look-up");
is(libvirt_storagepool_get_xml_desc($pool, "/pool/target/path"), "$folder/pool", "path of the pool");
is(@libvirt_storagepool_lookup_by_name($conn, "nosuch"), false, "look-up of nothing");

// Volumes and streams
$volume = libvirt_storagevolume_create_xml($pool, "<volume><name>v</name><capacity>1048576</capacity><allocation>0</allocation></volume>");
is(libvirt_storagevolume_get_path($volume), "$folder/pool/v", "path");
is(libvirt_storagevolume_get_name(libvirt_storagevolume_lookup_by_path($conn, "$folder/pool/v")), "v", "look-up");
is(libvirt_storagevolume_get_name(libvirt_storagevolume_lookup_by_name($pool, "v")), "v", "look-up");
is(libvirt_storagepool_get_name(libvirt_storagepool_lookup_by_volume($volume)), "php", "pool of the volume");
// 0.5.6 with PHP 8 sends what lies behind the variable's reference rather than its text, and does not hand out what it received: only amounts can be told.
$stream = libvirt_stream_create($conn);
is(libvirt_storagevolume_upload($volume, $stream, 0, 1 << 20) !== false, true, "upload");
$piece = str_repeat("x", 1024);
foreach (range(1, 4) as $_) {
    is(libvirt_stream_send($stream, $piece, 16), 16, "send");
}
is(libvirt_stream_finish($stream), 0, "finish");
$stream = libvirt_stream_create($conn);
is(libvirt_storagevolume_download($volume, $stream, 0, 0) !== false, true, "download");
$received = 0;
while (($got = libvirt_stream_recv($stream, $piece, 65536)) > 0) {
    $received += $got;
}
is($received, 1 << 20, "received");
is(libvirt_stream_finish($stream), 0, "finish");
$stream = libvirt_stream_create($conn);
is(libvirt_storagevolume_download($volume, $stream, 0, 0) !== false, true, "download");
is(libvirt_stream_abort($stream), 0, "abort");
$clone = libvirt_storagevolume_create_xml_from($pool, "<volume><name>c</name><capacity>1048576</capacity></volume>", $volume);
is(libvirt_storagevolume_get_name($clone), "c", "clone");
is(libvirt_storagepool_get_volume_count($pool), 2, "volumes");
$names = libvirt_storagepool_list_volumes($pool);
sort($names);
is($names, ["c", "v"], "volumes");
libvirt_storagevolume_resize($clone, 2 << 20);
is((int) libvirt_storagevolume_get_info($clone)["capacity"], 2 << 20, "capacity");
is(libvirt_storagevolume_get_xml_desc($clone, "/volume/name"), "c", "XML");
foreach ([$clone, $volume] as $one) {
    is(libvirt_storagevolume_delete($one), true, "delete");
}

is(libvirt_storagepool_refresh($pool), true, "refresh");
is(libvirt_storagepool_destroy($pool), true, "destroy");
is(libvirt_storagepool_delete($pool), true, "delete");
is(libvirt_storagepool_undefine($pool), true, "undefine");
echo "whole\n";
