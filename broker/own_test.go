package broker

import (
	"net"
	"testing"

	"github.com/rs/zerolog"
)

// TestControllerNeedsNoWayAround has the controller reach its own broker though what is advertised leads nowhere from here, as behind a firewall, or while the network is down.
func TestControllerNeedsNoWayAround(t *testing.T) {
	for name, l := range map[string]Listen{"loopback": {}, "all addresses": {Host: Everywhere}, "one address": {Host: "127.0.0.1"}} {
		t.Run(name, func(t *testing.T) {
			nowhere, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if err := nowhere.Close(); err != nil { // nobody listens there any more
				t.Fatal(err)
			}
			l.Advertise = []string{nowhere.Addr().String()}
			dir := folder(t)
			id, err := Prepare(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Start(dir, id, l)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			if h, err := OpenHub(t.Context(), s.Address(1), id, zerolog.Nop()); err == nil {
				_ = h.Close() // it should not be there
				t.Error("what is advertised leads to the broker: this tests nothing")
			}
			h, err := OpenHub(t.Context(), s.Own(1), id, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
