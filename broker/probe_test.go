package broker

import (
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// external starts a NATS server that is not ours.
func external(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog, o.StoreDir = "127.0.0.1", true, true, t.TempDir()
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server is not ready")
	}
	return s
}

func TestProbe(t *testing.T) {
	if err := Probe(t.Context(), External{URL: external(t, server.Options{Port: -1, JetStream: true}).ClientURL()}); err != nil {
		t.Errorf("a server with JetStream: %v", err)
	}
	plain := external(t, server.Options{Port: -1}).ClientURL()
	if err := Probe(t.Context(), External{URL: plain}); err == nil || !strings.Contains(err.Error(), plain) || !strings.Contains(err.Error(), "JetStream") {
		t.Errorf("a server without JetStream: %v", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	err = Probe(t.Context(), External{URL: "nats://me:secret@" + address})
	if err == nil || !strings.Contains(err.Error(), address) || strings.Contains(err.Error(), "secret") {
		t.Errorf("no server: %v; want the address in it and the password not", err)
	}
}
