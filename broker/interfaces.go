package broker

import (
	"net"
	"slices"
	"strings"
)

// bridges are prefixes of the names of interfaces behind which there is no other machine of a cluster.
var bridges = []string{"docker", "br-", "veth", "virbr", "cni", "flannel", "podman", "lxc", "lxd"}

// anyHost is what a server listens at to be reached at all addresses: those of IPv6, which are IPv4's too, where this machine has IPv6.
func anyHost() string {
	l, err := net.Listen("tcp6", "[::]:0")
	if err != nil {
		return "0.0.0.0"
	}
	_ = l.Close() // it was only a question
	return "::"
}

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
			if !ok || !n.IP.IsGlobalUnicast() || n.IP.To4() == nil && anyHost() != "::" {
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
