package broker

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// Names of the files under control.
const (
	idFile         = "id"
	controllerFile = "controller.nk"
	agentFile      = "agent.nk"
)

// An Identity is what the broker of one sweep is known by: a random id for its subjects, and the seeds of its two users.
type Identity struct {
	ID                string
	Controller, Agent string // NKEY seeds
	dir               string // of the sweep
}

func controlPath(dir, name string) string { return filepath.Join(dir, sweep.ControlDir, name) }

// ReadID reads the sweep's random id; "" before its first controller.
func ReadID(dir string) (string, error) {
	text, err := os.ReadFile(controlPath(dir, idFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// Prepare reads the identity of the sweep in dir, or makes it: once, whoever comes first. Seeds are readable by the owner alone.
func Prepare(dir string) (Identity, error) {
	id, err := once(controlPath(dir, idFile), 0o664, func() (string, error) { return strings.ToLower(rand.Text()), nil })
	if err != nil {
		return Identity{}, err
	}
	identity := Identity{ID: id, dir: dir}
	for name, seed := range map[string]*string{controllerFile: &identity.Controller, agentFile: &identity.Agent} {
		if *seed, err = once(controlPath(dir, name), 0o600, newSeed); err != nil {
			return Identity{}, err
		}
	}
	return identity, nil
}

// once reads a file of one line, or publishes it.
func once(path string, perm fs.FileMode, content func() (string, error)) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		line, err := content()
		if err != nil {
			return "", err
		}
		if err := durable.Publish(path, []byte(line+"\n"), perm); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		text, err = os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(string(text)), nil
	}
	return strings.TrimSpace(string(text)), err
}

func newSeed() (string, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", err
	}
	seed, err := pair.Seed()
	return string(seed), err
}

func publicKey(seed string) (string, error) {
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", fmt.Errorf("a key of the sweep's broker is damaged: %w", err)
	}
	return pair.PublicKey()
}

// An Address says where a sweep's broker is: broker.json in the sweep's folder.
type Address struct {
	Version int      `json:"v"`
	ID      string   `json:"id"`
	URLs    []string `json:"urls"`
	Keys    bool     `json:"keys"` // the server knows this sweep's users; else it asks for none
	Term    int      `json:"term"`

	Certificate string `json:"certificate,omitempty"` // that the server shows, as PEM; its name is the sweep's id. "": the server has none, or one that this machine trusts anyhow
	Creds       string `json:"creds,omitempty"`       // path of the credentials file for a server of others
	Minted      bool   `json:"minted,omitempty"`      // this sweep has users of its own there: their credentials are under control
}

// Address is where the sweep of an identity finds a server of others. With a signing key its users are made.
func (e External) Address(id Identity, term int) (Address, error) {
	a := Address{ID: id.ID, Term: term, URLs: []string{e.URL}, Creds: e.Creds}
	if e.SigningKey != "" {
		if err := e.mint(id.dir, id, time.Now()); err != nil {
			return a, err
		}
		a.Creds, a.Minted = "", true
	}
	return a, nil
}

// agent is the user that agents of the sweep in dir are.
func (a Address) agent(dir string) (user, error) {
	switch {
	case a.Keys:
		text, err := os.ReadFile(controlPath(dir, agentFile))
		if err != nil {
			return user{}, fmt.Errorf("read the key of the sweep's agents: %w", err)
		}
		return user{seed: strings.TrimSpace(string(text))}, nil
	case a.Minted:
		return user{creds: controlPath(dir, agentCreds)}, nil
	}
	return user{creds: a.Creds}, nil
}

// controller is the user that the controller is.
func (a Address) controller(id Identity) user {
	switch {
	case a.Keys:
		return user{seed: id.Controller}
	case a.Minted:
		return user{creds: controlPath(id.dir, controllerCreds)}
	}
	return user{creds: a.Creds}
}

// Write publishes the address in the sweep's folder. One with a password in it can be read by its owner only.
func (a Address) Write(dir string) error {
	a.Version = MessageVersion
	text, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return err
	}
	perm := fs.FileMode(0o664)
	if slices.ContainsFunc(a.URLs, HasSecret) {
		perm = 0o600
	}
	return durable.Write(filepath.Join(dir, sweep.BrokerFile), append(text, '\n'), perm)
}

// HasSecret tells whether an URL holds a user's name, password or token.
func HasSecret(text string) bool {
	u, err := url.Parse(text)
	return err != nil || u.User != nil
}

// ReadAddress reads where the sweep's broker is. fs.ErrNotExist: no controller has said so yet.
func ReadAddress(dir string) (Address, error) {
	path := filepath.Join(dir, sweep.BrokerFile)
	var a Address
	text, err := os.ReadFile(path)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if a.Version != MessageVersion {
		return a, fmt.Errorf("%s has version %d, this program reads version %d", path, a.Version, MessageVersion)
	}
	return a, nil
}
