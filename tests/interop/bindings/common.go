// What both programs need: a connection, and to stop with the line where something is not as it should be.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}

func is(got, want interface{}) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		log.Output(2, fmt.Sprintf("%v is not %v", got, want))
		os.Exit(1)
	}
}

func connect(address string) *libvirt.Libvirt {
	var conn *libvirt.Libvirt
	if filepath.IsAbs(address) {
		conn = libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(address)))
	} else {
		host, port, err := net.SplitHostPort(address)
		must(err)
		conn = libvirt.NewWithDialer(dialers.NewRemote(host, dialers.UsePort(port)))
	}
	must(conn.Connect())
	return conn
}
