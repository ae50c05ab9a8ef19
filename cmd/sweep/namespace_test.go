//go:build netns

package main

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"neurosweep/broker"
)

// A machine is a network namespace: it has interfaces, addresses and ports of its own, and shares everything else with this machine.
type machine struct{ name, address string }

// inside is a command on the machine.
func (m machine) inside(command ...string) []string {
	return append([]string{"ip", "netns", "exec", m.name}, command...)
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// twoMachines makes two namespaces with a cable between them.
func twoMachines(t *testing.T) (a, b machine) {
	t.Helper()
	a, b = machine{fmt.Sprintf("sweep%da", os.Getpid()), "10.123.7.1"}, machine{fmt.Sprintf("sweep%db", os.Getpid()), "10.123.7.2"}
	for _, m := range []machine{a, b} {
		ip(t, "netns add "+m.name)
		t.Cleanup(func() { ip(t, "netns delete "+m.name) })
	}
	ip(t, fmt.Sprintf("link add eth7 netns %s type veth peer name eth7 netns %s", a.name, b.name))
	for _, m := range []machine{a, b} {
		ip(t, fmt.Sprintf("-n %s address add %s/24 dev eth7", m.name, m.address))
		ip(t, fmt.Sprintf("-n %s link set eth7 up", m.name))
		ip(t, fmt.Sprintf("-n %s link set lo up", m.name))
	}
	return a, b
}

// listening lists the ports on which somebody listens there (state 0A of /proc/net/tcp, proc(5)).
func (m machine) listening(t *testing.T) (ports []int) {
	t.Helper()
	command := m.inside("cat", "/proc/net/tcp", "/proc/net/tcp6")
	text, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		_, port, _ := strings.Cut(fields[1], ":")
		number, err := hex.DecodeString(port)
		if err != nil || len(number) != 2 {
			t.Fatalf("%s in %s", port, line)
		}
		ports = append(ports, int(number[0])<<8|int(number[1]))
	}
	return ports
}

// brokerOf is where broker.json says that the broker is.
func brokerOf(t *testing.T, dir string) (a broker.Address, host string, port int) {
	t.Helper()
	a, err := broker.ReadAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URLs[0])
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatal(err)
	}
	return a, u.Hostname(), port
}

// TestTwoMachines has agents on two machines, one of which gives the sweep its controller. It leaves, and the other follows. On each machine nobody listens but the broker, which has TLS.
func TestTwoMachines(t *testing.T) {
	text := "name: two\nmethod: grid\ntask: {name: noop, noise: 0.01, seconds: 0.5}\nseeds: 12\nparameters:\n  task.value: {values: [0, 1]}\n" +
		"evaluate: {value: {}}\nselect: {metric: value, condition: value, goal: maximize}\n"
	dir := makeSweep(t, text)
	a, b := twoMachines(t)
	// A controller on loopback is for its own machine, and for nobody else.
	local := launch(t, a.inside("sweep", "controller", "--dir", dir, "--listen", "127.0.0.1")...)
	eventually(t, "a controller on loopback", func() bool { _, err := broker.ReadAddress(dir); return err == nil })
	if address, host, port := brokerOf(t, dir); host != "127.0.0.1" || address.Certificate != "" || fmt.Sprint(a.listening(t)) != fmt.Sprint([]int{port}) {
		t.Errorf("a broker on loopback at %v, its machine listens on %v", address.URLs, a.listening(t))
	}
	if err := local.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	local.ended(exitInterrupted)

	first := launch(t, a.inside("sweep", "agent", "--dir", dir, "--controller", "agent", "--slots", "1")...)
	eventually(t, "a controller beside the first agent", func() bool { address, err := broker.ReadAddress(dir); return err == nil && address.Term == 2 })
	second := launch(t, b.inside("sweep", "agent", "--dir", dir, "--controller", "agent", "--slots", "1")...)
	eventually(t, "both agents are there", func() bool { return summary(t, dir).Running == 2 })
	check := func(here, there machine) {
		t.Helper()
		address, host, port := brokerOf(t, dir)
		if host != here.address || len(address.URLs) != 1 || !strings.HasPrefix(address.URLs[0], "tls://") || address.Certificate == "" {
			t.Errorf("the broker is at %v, want TLS at %s", address.URLs, here.address)
		}
		if got := here.listening(t); len(got) != 1 || got[0] != port {
			t.Errorf("the broker's machine listens on %v, want %d alone", got, port)
		}
		if got := there.listening(t); len(got) != 0 {
			t.Errorf("the other machine listens on %v", got)
		}
	}
	check(a, b)
	eventually(t, "a third has ended", func() bool { return summary(t, dir).Ended >= 8 })
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	first.ended(exitDone)
	eventually(t, "the second agent gives the sweep a controller", func() bool { address, err := broker.ReadAddress(dir); return err == nil && address.Term == 3 })
	check(b, a)
	second.ended(exitDone)
	if events := eventTable(t, dir); strings.Count(events, "stepped down") != 2 || strings.Count(events, "term taken") != 3 {
		t.Errorf("%s", events)
	}
	equalSweeps(t, undisturbed(t, text), dir)
}
