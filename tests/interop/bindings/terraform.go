// What terraform-provider-libvirt calls for a pool, a base image and ten volumes on it: all at once over one connection, then the
// refresh of its state and the destruction. Arguments: socket path or host:port, an empty folder, a qcow2 image of 1 GiB.
package main

import (
	"encoding/xml"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/digitalocean/go-libvirt"
)

const volumes = 10

// What the provider reads of a volume and writes for one.
type format struct {
	Type string `xml:"type,attr"`
}
type backing struct {
	Path   string `xml:"path"`
	Format format `xml:"format"`
}
type volume struct {
	XMLName  xml.Name `xml:"volume"`
	Name     string   `xml:"name"`
	Key      string   `xml:"key,omitempty"`
	Capacity struct {
		Unit  string `xml:"unit,attr"`
		Value uint64 `xml:",chardata"`
	} `xml:"capacity"`
	Target struct {
		Path   string `xml:"path,omitempty"`
		Format format `xml:"format"`
	} `xml:"target"`
	BackingStore *backing `xml:"backingStore"`
}

func atOnce(work func(n int)) {
	var all sync.WaitGroup
	for n := 0; n < volumes; n++ {
		all.Add(1)
		go func(n int) {
			defer all.Done()
			work(n)
		}(n)
	}
	all.Wait()
}

func definition(name, path string, capacity uint64, on *backing) string {
	var made volume
	made.Name, made.Target.Path, made.Target.Format.Type, made.BackingStore = name, path, "qcow2", on
	made.Capacity.Unit, made.Capacity.Value = "bytes", capacity
	document, err := xml.MarshalIndent(made, "", "  ")
	must(err)
	return string(document)
}

// As the provider does before it makes or deletes a volume.
func refresh(conn *libvirt.Libvirt) libvirt.StoragePool {
	pool, err := conn.StoragePoolLookupByName("terraform")
	must(err)
	must(conn.StoragePoolRefresh(pool, 0))
	return pool
}

func read(conn *libvirt.Libvirt, key string) volume {
	found, err := conn.StorageVolLookupByKey(key)
	must(err)
	pool, err := conn.StoragePoolLookupByVolume(found)
	must(err)
	is(pool.Name, "terraform")
	document, err := conn.StorageVolGetXMLDesc(found, 0)
	must(err)
	_, capacity, _, err := conn.StorageVolGetInfo(found)
	must(err)
	var told volume
	must(xml.Unmarshal([]byte(document), &told))
	is([]interface{}{told.Name, told.Key, told.Capacity.Value}, []interface{}{found.Name, found.Key, capacity})
	return told
}

func main() {
	log.SetFlags(log.Lshortfile)
	conn, folder, image := connect(os.Args[1]), os.Args[2], os.Args[3]

	// apply: the pool
	pool, err := conn.StoragePoolDefineXML("<pool type=\"dir\"><name>terraform</name><target><path>"+folder+"/pool</path></target></pool>", 0)
	must(err)
	must(conn.StoragePoolBuild(pool, 0))
	must(conn.StoragePoolSetAutostart(pool, 1))
	must(conn.StoragePoolCreate(pool, 0))
	must(conn.StoragePoolRefresh(pool, 0))
	_, err = conn.StoragePoolGetXMLDesc(pool, 0)
	must(err)

	// the base image, made as large as its file and then uploaded
	source, err := os.Open(image)
	must(err)
	facts, err := source.Stat()
	must(err)
	base, err := conn.StorageVolCreateXML(refresh(conn), definition("base.qcow2", "", uint64(facts.Size()), nil), 0)
	must(err)
	must(conn.StorageVolUpload(base, source, 0, uint64(facts.Size()), 0))
	told := read(conn, base.Key)
	is([]interface{}{told.Capacity.Value, told.Target.Format.Type}, []interface{}{1 << 30, "qcow2"})

	// volumes on it and an uploaded one beside each, at once
	keys, seeds := make([]string, volumes), make([]string, volumes)
	atOnce(func(n int) {
		made, err := conn.StorageVolCreateXML(refresh(conn), definition(fmt.Sprintf("disk%d.qcow2", n), "", 2<<30, &backing{told.Target.Path, told.Target.Format}), 0)
		must(err)
		keys[n] = made.Key
		seed, err := os.Open(image)
		must(err)
		defer seed.Close()
		made, err = conn.StorageVolCreateXML(refresh(conn), definition(fmt.Sprintf("seed%d.qcow2", n), "", uint64(facts.Size()), nil), 0)
		must(err)
		must(conn.StorageVolUpload(made, seed, 0, uint64(facts.Size()), 0))
		seeds[n] = made.Key
	})

	// plan: what is read back makes the same volume again
	atOnce(func(n int) {
		disk, seed := read(conn, keys[n]), read(conn, seeds[n])
		is(*disk.BackingStore, backing{told.Target.Path, format{"qcow2"}})
		is(seed.Capacity.Value, 1<<30)
		again, err := conn.StorageVolCreateXML(pool, definition("again-"+disk.Name, disk.Target.Path, disk.Capacity.Value, disk.BackingStore), 0)
		must(err)
		copied := read(conn, again.Key)
		is([]interface{}{copied.Capacity, *copied.BackingStore}, []interface{}{disk.Capacity, *disk.BackingStore})
		must(conn.StorageVolDelete(again, 0))
	})

	// destroy: what stands on the base first
	atOnce(func(n int) {
		for _, key := range []string{keys[n], seeds[n]} {
			found, err := conn.StorageVolLookupByKey(key)
			must(err)
			refresh(conn)
			must(conn.StorageVolDelete(found, 0))
		}
	})
	must(conn.StorageVolDelete(base, 0))
	must(conn.StoragePoolDestroy(pool))
	must(conn.StoragePoolDelete(pool, 0))
	must(conn.StoragePoolUndefine(pool))
	must(conn.Disconnect())
	fmt.Println("whole")
}
