# What vagrant-libvirt does about storage for `up`, `up` of a second machine, and `destroy`, through the fog-libvirt that it uses.
# Arguments: URI, an empty folder, a box's image (qcow2, 1 GiB).
require "fog/libvirt"

uri, folder, box = ARGV
MACHINES = %w[one two]
BOX = "box_vagrant_box_image_1.0.img"

def is(got, want, what)
  raise "#{what}: #{got.inspect} is not #{want.inspect}" unless got == want
end

compute = Fog::Compute.new(provider: "libvirt", libvirt_uri: uri)
named = ->(name) { compute.volumes.all(name: name).first }

# The pool is made where it is not there.
is(compute.pools.all(name: "default").empty?, true, "no pool")
pool = compute.client.define_storage_pool_xml(<<~XML)
  <pool type='dir'>
    <name>default</name>
    <source></source>
    <target>
      <path>#{folder}/images</path>
      <permissions><mode>0755</mode><owner>#{Process.uid}</owner><group>#{Process.gid}</group></permissions>
    </target>
  </pool>
XML
pool.build
pool.create
is(compute.pools.all(name: "default").map(&:name), ["default"], "pool")

# The box is uploaded once, in pieces of 250 KiB; the stream is not finished.
is(named.call(BOX), nil, "no box")
compute.volumes.create(name: BOX, allocation: "#{File.size(box) / 1024 / 1024}M", capacity: "#{1 << 30}B", format_type: "qcow2",
                       owner: Process.uid, group: Process.gid, pool_name: "default")
volume = compute.client.lookup_storage_pool_by_name("default").lookup_volume_by_name(BOX)
stream = compute.client.stream
volume.upload(stream, 0, File.size(box))
sent = 0
File.open(box, "rb") { |file| while (piece = file.read(250 * 1024)) do sent += stream.send(piece) end }
is(sent, File.size(box), "sent")
found = named.call(BOX)
is([found.name, found.format_type, found.pool_name, found.path], [BOX, "qcow2", "default", "#{folder}/images/#{BOX}"], "box")

# Each machine gets an image on top of it, and a disk.
MACHINES.each do |machine|
  is(named.call("#{machine}.img"), nil, "no image")
  compute.volumes.create(pool_name: "default", xml: <<~XML)
    <volume>
      <name>#{machine}.img</name>
      <capacity unit="B">#{1 << 30}</capacity>
      <target>
        <format type="qcow2"></format>
        <permissions><owner>#{Process.uid}</owner><group>#{Process.gid}</group><label>virt_image_t</label></permissions>
      </target>
      <backingStore>
        <path>#{named.call(BOX).path}</path>
        <format type="qcow2"></format>
        <permissions><owner>#{Process.uid}</owner><group>#{Process.gid}</group><label>virt_image_t</label></permissions>
      </backingStore>
    </volume>
  XML
  compute.volumes.create(name: "#{machine}-vdb.qcow2", pool_name: "default", format_type: "qcow2", capacity: "2G",
                         owner: Process.uid, group: Process.gid)
  is(named.call("#{machine}.img").capacity, 1, "capacity in GiB")
end
is(compute.volumes.all.map(&:name).sort, [BOX, *MACHINES.flat_map { |machine| ["#{machine}-vdb.qcow2", "#{machine}.img"] }].sort, "volumes")

# Destroyed are the machines' own volumes; then the box's.
MACHINES.each do |machine|
  ["#{machine}-vdb.qcow2", "#{machine}.img"].each { |name| compute.volumes.all.find { |one| one.name == name }.destroy }
end
is(compute.volumes.all.map(&:name), [BOX], "volumes")
named.call(BOX).destroy
is(compute.volumes.all.to_a, [], "volumes")
pool.destroy
pool.undefine
puts "whole"
