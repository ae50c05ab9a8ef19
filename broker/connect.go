package broker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// How connections find out that the other side is gone.
const (
	pingEvery = 2 * time.Second
	maxPings  = 3
)

// connect connects to the server at an address. seed is the user's, or "" where the server asks for none.
func connect(a Address, name, seed string, options ...nats.Option) (*nats.Conn, error) {
	options = append(options, nats.Name(name), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(maxPings), nats.Timeout(5*time.Second))
	if a.Keys {
		pair, err := nkeys.FromSeed([]byte(seed))
		if err != nil {
			return nil, fmt.Errorf("a key of the sweep's broker is damaged: %w", err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Nkey(public, pair.Sign))
	}
	nc, err := nats.Connect(strings.Join(a.URLs, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("connect to the broker at %s: %w", redacted(strings.Join(a.URLs, ",")), err)
	}
	return nc, nil
}

// Probe tells whether a NATS server with JetStream answers at a URL.
func Probe(ctx context.Context, url string) error {
	nc, err := connect(Address{URLs: []string{url}}, "neurosweep probe", "", nats.NoReconnect())
	if err != nil {
		return fmt.Errorf("%w; is a NATS server running there?", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("the NATS server at %s has no JetStream for this user: %w; start it with -js", redacted(url), err)
	}
	return nil
}
