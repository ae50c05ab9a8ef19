package broker

import (
	"net"
	"slices"
	"strings"
)

// bridges are prefixes of the names of interfaces behind which there is no other machine of a cluster.
var bridges = []string{"docker", "br-", "veth", "virbr", "cni", "flannel", "podman", "lxc", "lxd"}

// OwnAddresses are the addresses of this machine that others may reach; those of bridges to containers come last, for they are the same on many machines. Loopback, if there is nothing else.
func OwnAddresses() []string {
	var near, far []string
	all, _ := net.Interfaces() // what cannot be listed is not advertised
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			n, ok := a.(*net.IPNet)
			if !ok || !n.IP.IsGlobalUnicast() {
				continue
			}
			if slices.ContainsFunc(bridges, func(prefix string) bool { return strings.HasPrefix(i.Name, prefix) }) {
				near = append(near, n.IP.String())
			} else {
				far = append(far, n.IP.String())
			}
		}
	}
	if hosts := append(far, near...); len(hosts) > 0 {
		return hosts
	}
	return []string{"127.0.0.1"}
}
