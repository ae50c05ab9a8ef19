package broker

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// everywhere starts a broker that other machines can reach.
func everywhere(t *testing.T, dir string, advertise ...string) (Identity, Address) {
	t.Helper()
	id, err := Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(dir, id, Listen{Host: Everywhere, Advertise: advertise})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return id, s.Address(1)
}

// A broker for other machines has all addresses of this one, and speaks TLS only, with a certificate of its own that agents know from broker.json.
func TestBrokerForOtherMachines(t *testing.T) {
	dir := folder(t)
	id, a := everywhere(t, dir)
	if len(a.URLs) != len(OwnAddresses()) || len(a.URLs) == 0 {
		t.Errorf("%v for the addresses %v", a.URLs, OwnAddresses())
	}
	for _, u := range a.URLs {
		if !strings.HasPrefix(u, "tls://") {
			t.Errorf("%s is no address with TLS", u)
		}
	}
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	hub, err := OpenHub(t.Context(), a, id, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() }) // the server may have gone before
	publish(t, dial(t, dir, "one"), `"by TLS"`)
	if d := next(t, hub.Reports(), "a report"); string(d.Data) != `"by TLS"` {
		t.Errorf("%s", d.Data)
	}
	info, err := os.Stat(controlPath(dir, certificateFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the certificate's key: mode %v, %v; want 0600", info.Mode(), err)
	}
	public, err := os.ReadFile(dir + "/broker.json")
	if err != nil || strings.Contains(string(public), "PRIVATE") {
		t.Errorf("broker.json: %s, %v", public, err)
	}

	// Without TLS the server says what it is, and takes nothing.
	plain, err := net.Dial("tcp", strings.TrimPrefix(a.URLs[0], "tls://"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	r := bufio.NewReader(plain)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, `"tls_required":true`) {
		t.Errorf("%s, %v", line, err)
	}
	if _, err := plain.Write([]byte("CONNECT {\"verbose\":true}\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := plain.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err == nil && !strings.HasPrefix(line, "-ERR") {
		t.Errorf("a client without TLS is answered %q", line)
	}
}

// What is wrong with a broker or a key is said with what to do.
func TestRefusals(t *testing.T) {
	id, a := everywhere(t, folder(t))
	otherID, other := everywhere(t, folder(t))
	_, plain, local := start(t, folder(t), 1)
	untrusted, old := a, a
	untrusted.Certificate = other.Certificate
	unknown := a
	unknown.ID, unknown.Certificate = otherID.ID, other.Certificate
	text, err := makeCertificate(id.ID, time.Now().Add(-2*validFor))
	if err != nil {
		t.Fatal(err)
	}
	pair, public, err := parseCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	expired := external(t, server.Options{Port: -1, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}})
	old.URLs, old.Certificate = []string{expired.ClientURL()}, public
	for name, c := range map[string]struct {
		address Address
		user    user
		says    string
	}{
		"another certificate":       {untrusted, user{seed: id.Agent}, "another server"},
		"another sweep's address":   {unknown, user{seed: otherID.Agent}, "another server"},
		"an expired certificate":    {old, user{}, "clock"},
		"another sweep's key":       {a, user{seed: otherID.Agent}, "does not know this sweep's key"},
		"another sweep's, no TLS":   {local, user{seed: id.Agent}, "does not know this sweep's key"},
		"no key":                    {a, user{}, "--creds"},
		"the right one, to be sure": {local, user{seed: plain.Agent}, ""},
	} {
		nc, err := connect(c.address, "test", c.user)
		var access *AccessError
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (!errors.As(err, &access) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
		if err == nil {
			nc.Close()
		}
	}
}

// The certificate begins a day early and names the sweep; it is made once, and again when it is about to end.
func TestCertificateIsMadeOnce(t *testing.T) {
	dir, now := folder(t), time.Now()
	first, public, err := certificate(dir, "sweepid", now)
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.Leaf
	if !slices.Equal(leaf.DNSNames, []string{"sweepid"}) || len(leaf.IPAddresses) > 0 || leaf.NotBefore.After(now.Add(-23*time.Hour)) || leaf.NotAfter.Before(now.Add(365*24*time.Hour)) {
		t.Errorf("the certificate is for %v, from %v to %v", leaf.DNSNames, leaf.NotBefore, leaf.NotAfter)
	}
	if _, again, err := certificate(dir, "sweepid", now.Add(24*time.Hour)); err != nil || again != public {
		t.Errorf("it was made again: %v", err)
	}
	second, again, err := certificate(dir, "sweepid", now.Add(validFor-renewBefore+time.Hour))
	if err != nil || again == public || !second.Leaf.NotAfter.After(leaf.NotAfter) {
		t.Errorf("it was not renewed: until %v after %v, %v", second.Leaf.NotAfter, leaf.NotAfter, err)
	}
	if err := os.WriteFile(controlPath(dir, certificateFile), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := certificate(dir, "sweepid", now); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("a damaged file: %v", err)
	}
}

// On loopback nobody else listens, and who is behind a proxy or has a better name says so.
func TestAddresses(t *testing.T) {
	_, _, local := start(t, folder(t), 3)
	if len(local.URLs) != 1 || !strings.HasPrefix(local.URLs[0], "nats://127.0.0.1:") || local.Certificate != "" || local.Term != 3 {
		t.Errorf("a broker on loopback: %+v", local)
	}
	_, a := everywhere(t, folder(t), "proxy.example:7422", "login1", "[fd00::1]")
	port := a.URLs[1][strings.LastIndex(a.URLs[1], ":"):]
	if want := []string{"tls://proxy.example:7422", "tls://login1" + port, "tls://[fd00::1]" + port}; !slices.Equal(a.URLs, want) {
		t.Errorf("advertised: %v, want %v", a.URLs, want)
	}
	id, err := Prepare(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if _, err := Start(t.TempDir(), id, Listen{Host: "127.0.0.1", Port: busy.Addr().(*net.TCPAddr).Port}); err == nil || !strings.Contains(err.Error(), "port") {
		t.Errorf("a port that is taken: %v", err)
	}
}
