package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
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

// Everywhere is the Listen.Host that means all addresses of this machine.
const Everywhere = "*"

// Listen says where a server listens. The zero value is a random port of the loopback interface.
type Listen struct {
	Host      string   // "": loopback only; Everywhere; else one address of this machine
	Port      int      // 0: a random one
	Advertise []string // addresses that agents shall dial, HOST or HOST:PORT, in place of this machine's
}

// loopback tells whether nobody outside this machine can connect.
func (l Listen) loopback() bool {
	ip := net.ParseIP(l.Host)
	return l.Host == "" || ip != nil && ip.IsLoopback()
}

// A Server is a NATS server inside this process, for one sweep.
type Server struct {
	nats        *server.Server
	id          string
	listen      Listen
	certificate string // PEM; "": no TLS
	dir         string
}

// Start starts a server for the sweep in dir. Streams are in memory. Only the two users of the sweep may connect, and from other machines only by TLS, with the
// sweep's own certificate.
func Start(dir string, id Identity, l Listen) (*Server, error) {
	users, err := users(id)
	if err != nil {
		return nil, err
	}
	o := server.Options{
		Host: l.Host, Port: l.Port, NoSigs: true, NoLog: true, JetStream: true, JetStreamMaxMemory: maxStreamBytes + 64<<20,
		MaxPayload: maxPayload, MaxPending: maxPending, PingInterval: 2 * time.Second, MaxPingsOut: 3, Nkeys: users,
	}
	switch l.Host {
	case "":
		o.Host = "127.0.0.1"
	case Everywhere:
		o.Host = anyHost()
	}
	if l.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	s := &Server{id: id.ID, listen: l}
	if !l.loopback() {
		pair, text, err := certificate(dir, id.ID, time.Now())
		if err != nil {
			return nil, err
		}
		s.certificate = text
		o.TLSConfig, o.TLSTimeout = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}, tlsTimeout.Seconds()
	}
	return s, s.start(o)
}

// start starts the server, with a folder of its own for JetStream.
func (s *Server) start(o server.Options) error {
	if o.Port > 0 { // the server itself would try for long, and not say why
		l, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
		if err != nil {
			return fmt.Errorf("start the broker: %w: choose another address or port with --listen", err)
		}
		_ = l.Close() // it was only a question
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "neurosweep-broker-"); err != nil {
		return fmt.Errorf("start the broker: %w", err)
	}
	o.StoreDir = s.dir
	if s.nats, err = server.NewServer(&o); err != nil {
		return errors.Join(fmt.Errorf("start the broker: %w", err), os.RemoveAll(s.dir))
	}
	s.nats.Start()
	if !s.nats.ReadyForConnections(readyWithin) {
		s.Close()
		return fmt.Errorf("start the broker at %s: it is not ready after %v: is that an address of this machine?", o.Host, readyWithin)
	}
	return nil
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
	may := agentPermissions(id.ID)
	return []*server.NkeyUser{
		{Nkey: controller},
		{Nkey: agent, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: may.Pub.Allow},
			Subscribe: &server.SubjectPermission{Allow: may.Sub.Allow},
		}},
	}, nil
}

// inbox is the prefix of the subjects on which an incarnation hears answers.
func inbox(id, incarnation string) string { return "inbox." + id + ".agent." + incarnation }

// controllerInbox is that of the controller; agents may not listen there.
func controllerInbox(id string) string { return "inbox." + id + ".controller" }

// Address is where the server can be reached, for broker.json.
func (s *Server) Address(term int) Address {
	hosts := s.listen.Advertise
	switch {
	case len(hosts) > 0:
	case s.listen.Host == Everywhere:
		hosts = OwnAddresses()
	default:
		hosts = s.here()
	}
	return s.address(term, hosts)
}

// Own is where this process reaches the server itself, whatever is advertised to others and has become of the links to them.
func (s *Server) Own(term int) Address { return s.address(term, s.here()) }

// here is where the server can be reached from this machine, first of all.
func (s *Server) here() []string {
	switch s.listen.Host {
	case "":
		return []string{"127.0.0.1"}
	case Everywhere:
		return []string{"127.0.0.1", "::1"}
	}
	return []string{s.listen.Host}
}

// address is the server at some hosts, each with a port or without.
func (s *Server) address(term int, hosts []string) Address {
	a := Address{ID: s.id, Term: term, Keys: true, Certificate: s.certificate}
	port := strconv.Itoa(s.nats.Addr().(*net.TCPAddr).Port)
	scheme := "nats://"
	if s.certificate != "" {
		scheme = "tls://"
	}
	for _, h := range hosts {
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), port)
		}
		a.URLs = append(a.URLs, scheme+h)
	}
	return a
}

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
