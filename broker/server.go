package broker

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// readyWithin is how long an embedded server may take to start, on a busy machine.
const readyWithin = 30 * time.Second

// maxPayload is the largest message, in bytes.
const maxPayload = 1 << 20

// maxPending is how many bytes the server keeps for a client that does not read, before it cuts the connection.
const maxPending = 64 << 20

// A Server is a NATS server inside this process, for one sweep.
type Server struct {
	nats *server.Server
	dir  string
}

// Start starts a server on a random port of the loopback interface. Streams are in memory. Only the two users of the sweep may connect.
func Start(id Identity) (*Server, error) {
	users, err := users(id)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "neurosweep-broker-")
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	s := &Server{dir: dir}
	s.nats, err = server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, JetStreamMaxMemory: maxStreamBytes + 64<<20,
		MaxPayload: maxPayload, MaxPending: maxPending, PingInterval: 2 * time.Second, MaxPingsOut: 3, Nkeys: users,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the broker: %w", err), os.RemoveAll(dir))
	}
	s.nats.Start()
	if !s.nats.ReadyForConnections(readyWithin) {
		s.Close()
		return nil, fmt.Errorf("start the broker: it is not ready after %v", readyWithin)
	}
	return s, nil
}

// users are the sweep's two users with what each may do.
func users(id Identity) ([]*server.NkeyUser, error) {
	controller, err := publicKey(id.Controller)
	if err != nil {
		return nil, err
	}
	agent, err := publicKey(id.Agent)
	if err != nil {
		return nil, err
	}
	return []*server.NkeyUser{
		{Nkey: controller},
		{Nkey: agent, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{AskSubject(id.ID), ReportSubject(id.ID, "*"), CommSubject(id.ID, "*", "*")}},
			Subscribe: &server.SubjectPermission{Allow: []string{ControlSubject(id.ID, "*"), CommSubject(id.ID, "*", "*"), inbox(id.ID, "*") + ".>"}},
		}},
	}, nil
}

// inbox is the prefix of the subjects on which an incarnation hears answers.
func inbox(id, incarnation string) string { return "inbox." + id + ".agent." + incarnation }

// controllerInbox is that of the controller; agents may not listen there.
func controllerInbox(id string) string { return "inbox." + id + ".controller" }

// URL is where the server listens.
func (s *Server) URL() string { return s.nats.ClientURL() }

// Close ends the server. What is in its streams is lost.
func (s *Server) Close() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	_ = os.RemoveAll(s.dir) // a folder of the system's temporary ones, empty but for JetStream's own files
}

// redacted is a URL without the password that it may hold.
func redacted(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if at := strings.LastIndex(rest, "@"); ok && at >= 0 {
		return scheme + "://…" + rest[at:]
	}
	return url
}
