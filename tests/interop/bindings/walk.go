// The storage API of the pure-Go client from end to end. Arguments: socket path or host:port, and an empty folder.
// The client has calls to register for storage and secret events, but gives them to nobody: here they must not disturb it.
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/digitalocean/go-libvirt"
)

func fails(err error, code libvirt.ErrorNumber) {
	if told, ok := err.(libvirt.Error); !ok || told.Code != uint32(code) {
		log.Output(2, fmt.Sprintf("%v is not error %d", err, code))
		os.Exit(1)
	}
}

func main() {
	log.SetFlags(log.Lshortfile)
	conn, folder := connect(os.Args[1]), os.Args[2]

	poolEvents, err := conn.ConnectStoragePoolEventRegisterAny(0, libvirt.OptStoragePool{})
	must(err)
	refreshEvents, err := conn.ConnectStoragePoolEventRegisterAny(1, libvirt.OptStoragePool{})
	must(err)
	secretEvents, err := conn.ConnectSecretEventRegisterAny(0, libvirt.OptSecret{})
	must(err)

	pool := pools(conn, folder)
	volumes(conn, pool, folder)
	secrets(conn)

	must(conn.StoragePoolRefresh(pool, 0))
	must(conn.StoragePoolDestroy(pool))
	must(conn.StoragePoolDelete(pool, 0))
	must(conn.StoragePoolUndefine(pool))
	must(conn.ConnectStoragePoolEventDeregisterAny(poolEvents))
	must(conn.ConnectStoragePoolEventDeregisterAny(refreshEvents))
	must(conn.ConnectSecretEventDeregisterAny(secretEvents))
	must(conn.Disconnect())
	fmt.Println("whole")
}

func pools(conn *libvirt.Libvirt, folder string) libvirt.StoragePool {
	capabilities, err := conn.ConnectGetStoragePoolCapabilities(0)
	must(err)
	is(strings.Contains(capabilities, "<pool type='dir' supported='yes'>"), true)
	_, err = conn.ConnectFindStoragePoolSources("dir", libvirt.OptString{}, 0)
	fails(err, libvirt.ErrNoSupport)

	pool, err := conn.StoragePoolDefineXML("<pool type='dir'><name>go</name><target><path>"+folder+"/pool</path></target></pool>", 0)
	must(err)
	defined, err := conn.ConnectNumOfDefinedStoragePools()
	must(err)
	is(defined, 1)
	names, err := conn.ConnectListDefinedStoragePools(10)
	must(err)
	is(names, []string{"go"})
	must(conn.StoragePoolBuild(pool, 0))
	must(conn.StoragePoolCreate(pool, 0))
	must(conn.StoragePoolSetAutostart(pool, 1))
	autostart, err := conn.StoragePoolGetAutostart(pool)
	must(err)
	active, err := conn.StoragePoolIsActive(pool)
	must(err)
	persistent, err := conn.StoragePoolIsPersistent(pool)
	must(err)
	state, _, _, _, err := conn.StoragePoolGetInfo(pool)
	must(err)
	is([]int32{autostart, active, persistent, int32(state)}, []int32{1, 1, 1, 2})
	all, count, err := conn.ConnectListAllStoragePools(1, 0)
	must(err)
	is(all, []libvirt.StoragePool{pool})
	is(count, 1)
	names, err = conn.ConnectListStoragePools(10)
	must(err)
	is(names, []string{"go"})
	byName, err := conn.StoragePoolLookupByName("go")
	must(err)
	byUUID, err := conn.StoragePoolLookupByUUID(pool.UUID)
	must(err)
	byPath, err := conn.StoragePoolLookupByTargetPath(folder + "/pool")
	must(err)
	is([]libvirt.StoragePool{byName, byUUID, byPath}, []libvirt.StoragePool{pool, pool, pool})
	xml, err := conn.StoragePoolGetXMLDesc(pool, libvirt.StorageXMLInactive)
	must(err)
	is(strings.Contains(xml, "<path>"+folder+"/pool</path>"), true)
	_, err = conn.StoragePoolLookupByName("nosuch")
	fails(err, libvirt.ErrNoStoragePool)
	return pool
}

func volumes(conn *libvirt.Libvirt, pool libvirt.StoragePool, folder string) {
	content := make([]byte, 3<<20)
	_, err := rand.Read(content)
	must(err)
	volume, err := conn.StorageVolCreateXML(pool, fmt.Sprintf("<volume><name>v</name><capacity>%d</capacity><allocation>0</allocation></volume>", len(content)), 0)
	must(err)
	path, err := conn.StorageVolGetPath(volume)
	must(err)
	is(path, folder+"/pool/v")
	byName, err := conn.StorageVolLookupByName(pool, "v")
	must(err)
	byKey, err := conn.StorageVolLookupByKey(volume.Key)
	must(err)
	byPath, err := conn.StorageVolLookupByPath(path)
	must(err)
	is([]libvirt.StorageVol{byName, byKey, byPath}, []libvirt.StorageVol{volume, volume, volume})
	of, err := conn.StoragePoolLookupByVolume(volume)
	must(err)
	is(of, pool)

	must(conn.StorageVolUpload(volume, bytes.NewReader(content), 0, uint64(len(content)), 0))
	var received bytes.Buffer
	must(conn.StorageVolDownload(volume, &received, 0, 0, 0))
	is(bytes.Equal(received.Bytes(), content), true)

	clone, err := conn.StorageVolCreateXMLFrom(pool, fmt.Sprintf("<volume><name>c</name><capacity>%d</capacity></volume>", len(content)), volume, 0)
	must(err)
	all, count, err := conn.StoragePoolListAllVolumes(pool, 1, 0)
	must(err)
	is([]int{len(all), int(count)}, []int{2, 2})
	names, err := conn.StoragePoolListVolumes(pool, 10)
	must(err)
	number, err := conn.StoragePoolNumOfVolumes(pool)
	must(err)
	is([]int{len(names), int(number)}, []int{2, 2})
	must(conn.StorageVolResize(clone, uint64(2*len(content)), 0))
	_, capacity, _, err := conn.StorageVolGetInfo(clone)
	must(err)
	_, same, _, err := conn.StorageVolGetInfoFlags(clone, 0)
	must(err)
	is([]uint64{capacity, same}, []int{2 * len(content), 2 * len(content)})
	must(conn.StorageVolWipe(clone, 0))
	must(conn.StorageVolWipePattern(clone, 0, 0))
	xml, err := conn.StorageVolGetXMLDesc(clone, 0)
	must(err)
	is(strings.Contains(xml, "<name>c</name>"), true)
	must(conn.StorageVolDelete(clone, 0))
	must(conn.StorageVolDelete(volume, 0))
	_, err = conn.StorageVolLookupByName(pool, "v")
	fails(err, libvirt.ErrNoStorageVol)
}

func secrets(conn *libvirt.Libvirt) {
	secret, err := conn.SecretDefineXML("<secret><usage type='volume'><volume>/go</volume></usage></secret>", 0)
	must(err)
	must(conn.SecretSetValue(secret, []byte("a\x00b"), 0))
	value, err := conn.SecretGetValue(secret, 0)
	must(err)
	is(string(value), "a\x00b")
	byUsage, err := conn.SecretLookupByUsage(int32(libvirt.SecretUsageTypeVolume), "/go")
	must(err)
	byUUID, err := conn.SecretLookupByUUID(secret.UUID)
	must(err)
	all, _, err := conn.ConnectListAllSecrets(1, 0)
	must(err)
	is([]libvirt.Secret{byUsage, byUUID, all[0]}, []libvirt.Secret{secret, secret, secret})
	number, err := conn.ConnectNumOfSecrets()
	must(err)
	is(number, 1)
	xml, err := conn.SecretGetXMLDesc(secret, 0)
	must(err)
	is(strings.Contains(xml, "/go"), true)
	must(conn.SecretUndefine(secret))
}
