package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// How connections find out that the other side is gone, and how long one address may take to answer before the next is tried.
const (
	pingEvery   = 2 * time.Second
	maxPings    = 3
	dialTimeout = 5 * time.Second
)

// connect connects a user to the server at an address.
func connect(a Address, name string, u user, options ...nats.Option) (*nats.Conn, error) {
	quiet := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}) // without one the library prints
	options = append([]nats.Option{quiet}, options...)
	options = append(options, nats.Name(name), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(maxPings), nats.Timeout(dialTimeout))
	if a.Keys { // the sweep's own server: its addresses in the order of broker.json, and what it says of itself is not more than that
		options = append(options, nats.DontRandomize(), nats.IgnoreDiscoveredServers())
	}
	switch {
	case u.seed != "":
		pair, err := nkeys.FromSeed([]byte(u.seed))
		if err != nil {
			return nil, fmt.Errorf("a key of the sweep's broker is damaged: %w", err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Nkey(public, pair.Sign))
	case u.creds != "":
		if err := CheckCredentials(u.creds); err != nil {
			return nil, &AccessError{URL: a.where(), Err: err}
		}
		options = append(options, nats.UserCredentials(u.creds))
	}
	if a.Certificate != "" {
		config, err := pinned(a.ID, a.Certificate)
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(config))
	}
	nc, err := nats.Connect(strings.Join(a.URLs, ","), options...)
	if err != nil {
		return nil, denied(a, u, err)
	}
	return nc, nil
}

// Probe tells whether a NATS server of others can be used: it answers, lets us in, and has JetStream.
func Probe(ctx context.Context, e External) error {
	if err := e.check(); err != nil {
		return err
	}
	if e.SigningKey != "" && e.Creds == "" {
		return nil // nobody is known there before the sweep's users are made
	}
	a := Address{URLs: []string{e.URL}}
	nc, err := connect(a, "neurosweep probe", user{creds: e.Creds}, nats.NoReconnect())
	var access *AccessError
	if errors.As(err, &access) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; is a NATS server running there?", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("the NATS server at %s has no JetStream for this user: %w; start it with -js, or have JetStream enabled for the account", a.where(), err)
	}
	return nil
}
