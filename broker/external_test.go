package broker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"
)

// An operated is a NATS server as institutes run it: an operator's, with accounts whose users show signed tokens.
type operated struct {
	*server.Server
	account, signing nkeys.KeyPair // the account of the lab, and a signing key of it
	claims           *jwt.AccountClaims
	operator         nkeys.KeyPair
	resolver         *server.MemAccResolver
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func public(t *testing.T, k nkeys.KeyPair) string { return must[string](t)(k.PublicKey()) }

// operate starts one.
func operate(t *testing.T) *operated {
	t.Helper()
	key := must[nkeys.KeyPair](t)
	o := &operated{operator: key(nkeys.CreateOperator()), account: key(nkeys.CreateAccount()), signing: key(nkeys.CreateAccount()), resolver: &server.MemAccResolver{}}
	operator := jwt.NewOperatorClaims(public(t, o.operator))
	system := public(t, key(nkeys.CreateAccount()))
	operator.SystemAccount = system
	token := must[string](t)(operator.Encode(o.operator))
	systemClaims := jwt.NewAccountClaims(system)
	if err := o.resolver.Store(system, must[string](t)(systemClaims.Encode(o.operator))); err != nil {
		t.Fatal(err)
	}
	o.claims = jwt.NewAccountClaims(public(t, o.account))
	o.claims.SigningKeys.Add(public(t, o.signing))
	o.claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	o.publish(t)
	o.Server = external(t, server.Options{Port: -1, JetStream: true, TrustedOperators: []*jwt.OperatorClaims{must[*jwt.OperatorClaims](t)(jwt.DecodeOperatorClaims(token))},
		AccountResolver: o.resolver, SystemAccount: system})
	return o
}

// publish has the server know the account's claims, as they are now.
func (o *operated) publish(t *testing.T) {
	t.Helper()
	token := must[string](t)(o.claims.Encode(o.operator))
	if err := o.resolver.Store(o.claims.Subject, token); err != nil {
		t.Fatal(err)
	}
	if o.Server != nil {
		o.UpdateAccountClaims(must[*server.Account](t)(o.LookupAccount(o.claims.Subject)), must[*jwt.AccountClaims](t)(jwt.DecodeAccountClaims(token)))
	}
}

// credentials makes a user of the account, and the file that its owner gets.
func credentials(t *testing.T, by nkeys.KeyPair, expires time.Time, mode os.FileMode) (path, user string) {
	t.Helper()
	pair := must[nkeys.KeyPair](t)(nkeys.CreateUser())
	claims := jwt.NewUserClaims(public(t, pair))
	if !expires.IsZero() {
		claims.Expires = expires.Unix()
	}
	text := must[[]byte](t)(jwt.FormatUserConfig(must[string](t)(claims.Encode(by)), must[[]byte](t)(pair.Seed())))
	path = filepath.Join(t.TempDir(), "lab.creds")
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
	return path, claims.Subject
}

func seedFile(t *testing.T, k nkeys.KeyPair, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.nk")
	if err := os.WriteFile(path, append(must[[]byte](t)(k.Seed()), '\n'), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// sweepOn opens a sweep's hub on a server of others.
func sweepOn(t *testing.T, dir string, e External) (*Hub, Identity, Address) {
	t.Helper()
	if err := Probe(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	id := must[Identity](t)(Prepare(dir))
	a := must[Address](t)(e.Address(id, 1))
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	h := must[*Hub](t)(OpenHub(t.Context(), a, id, zerolog.Nop()))
	t.Cleanup(func() { _ = h.Close() }) // the server may have gone before
	return h, id, a
}

// converse has an agent report, ask, and be told.
func converse(t *testing.T, dir string, h *Hub) {
	t.Helper()
	l := dial(t, dir, "one")
	publish(t, l, `"a report"`)
	d := next(t, h.Reports(), "a report")
	if err := d.Ack(); err != nil || string(d.Data) != `"a report"` {
		t.Errorf("%s, %v", d.Data, err)
	}
	go func() {
		q := <-h.Asks()
		_ = h.Answer(q, Reply{Version: MessageVersion, Term: 5}) // the asker sees whether it came
	}()
	if r, err := l.Request(t.Context(), Request{Ask: &Ask{Sequence: 1}}); err != nil || r.Term != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := h.Tell("one", Control{Version: MessageVersion, Committed: 1}); err != nil {
		t.Error(err)
	}
	if c := next(t, l.Controls(), "what one is told"); c.Committed != 1 {
		t.Errorf("%+v", c)
	}
}

// One user's credentials serve controller and agents; only their path is kept.
func TestCredentials(t *testing.T) {
	o := operate(t)
	dir := folder(t)
	path, _ := credentials(t, o.account, time.Time{}, 0o600)
	h, _, _ := sweepOn(t, dir, External{URL: o.ClientURL(), Creds: path})
	converse(t, dir, h)
	secret := must[[]byte](t)(os.ReadFile(path))
	text := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "broker.json")))
	if !strings.Contains(string(text), path) || strings.Contains(string(text), strings.Split(string(secret), "\n")[1]) {
		t.Errorf("broker.json: %s; want the path of the credentials, and nothing that is in them", text)
	}
}

// With a key of the account the sweep gets two users of its own, each with what it needs and nothing else.
func TestMintedUsers(t *testing.T) {
	o := operate(t)
	lab, _ := credentials(t, o.account, time.Time{}, 0o600)
	for name, e := range map[string]External{
		"account's key": {URL: o.ClientURL(), SigningKey: seedFile(t, o.account, 0o600)},
		"signing key":   {URL: o.ClientURL(), SigningKey: seedFile(t, o.signing, 0o600), Creds: lab},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			h, id, a := sweepOn(t, dir, e)
			converse(t, dir, h)
			for _, file := range []string{controllerCreds, agentCreds} {
				if info, err := os.Stat(controlPath(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", file, info.Mode(), err)
				}
			}
			agent := must[user](t)(a.agent(dir))
			stream := streamName(a.ID)
			for _, c := range []struct {
				who     user
				do      string
				subject string
				allowed bool
			}{
				{agent, "pub", ReportSubject(a.ID, "one"), true},
				{agent, "sub", CommSubject(a.ID, "group", "3"), true},
				{agent, "pub", ControlSubject(a.ID, "one"), false},
				{agent, "pub", "$JS.API.STREAM.DELETE." + stream, false},
				{agent, "sub", ">", false},
				{a.controller(id), "pub", ControlSubject(a.ID, "one"), true},
				{a.controller(id), "pub", "$JS.API.STREAM.INFO." + stream, true},
				{a.controller(id), "pub", "$JS.API.STREAM.DELETE.ANOTHER", false},
				{a.controller(id), "pub", "$JS.API.STREAM.LIST", false},
				{a.controller(id), "pub", "anything", false},
				{a.controller(id), "sub", "sweep.>", false},
			} {
				nc := must[*nats.Conn](t)(connect(a, "test", c.who, nats.NoReconnect(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})))
				var err error
				if c.do == "sub" {
					_, err = nc.SubscribeSync(c.subject)
				} else {
					err = nc.Publish(c.subject, []byte("{}"))
				}
				if err := errors.Join(err, nc.Flush()); err != nil {
					t.Fatal(err)
				}
				if forbidden := errors.Is(nc.LastError(), nats.ErrPermissionViolation); forbidden == c.allowed {
					t.Errorf("%s %s: %v, want allowed %v", c.do, c.subject, nc.LastError(), c.allowed)
				}
				nc.Close()
			}
		})
	}
}

// Credentials that cannot work are refused before anything is started, with what to do.
func TestCredentialsAreRefused(t *testing.T) {
	o, another := operate(t), operate(t)
	open, _ := credentials(t, o.account, time.Time{}, 0o644)
	expired, _ := credentials(t, o.account, time.Now().Add(-time.Hour), 0o600)
	foreign, _ := credentials(t, another.account, time.Time{}, 0o600)
	revoked, name := credentials(t, o.account, time.Time{}, 0o600)
	o.claims.Revoke(name)
	o.publish(t)
	nonsense := filepath.Join(t.TempDir(), "nonsense")
	if err := os.WriteFile(nonsense, []byte("password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		e    External
		says string
	}{
		"others can read them": {External{Creds: open}, "chmod 600"},
		"they have expired":    {External{Creds: expired}, "ask for new ones"},
		"they were revoked":    {External{Creds: revoked}, "revoked"},
		"of another server":    {External{Creds: foreign}, "another server or account"},
		"of nothing":           {External{Creds: nonsense}, "nsc generate creds"},
		"no such file":         {External{Creds: nonsense + "2"}, "no such file"},
		"a folder":             {External{Creds: t.TempDir()}, "not a file"},
		"none":                 {External{}, "--creds FILE"},
		"key others can read":  {External{SigningKey: seedFile(t, o.account, 0o640)}, "chmod 600"},
		"the operator's key":   {External{SigningKey: seedFile(t, o.operator, 0o600)}, "begins with SA"},
	} {
		c.e.URL = o.ClientURL()
		if err := Probe(t.Context(), c.e); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
	if err := Probe(t.Context(), External{URL: "localhost"}); err == nil || !strings.Contains(err.Error(), "nats://host:4222") {
		t.Errorf("no address: %v", err)
	}
}

// Credentials that are revoked, or expire, while a sweep runs: controller and agent hear why they are not let in any more.
func TestCredentialsEnd(t *testing.T) {
	o := operate(t)
	for name, end := range map[string]func(user string){
		"revoked": func(user string) { o.claims.Revoke(user); o.publish(t) },
		"expired": func(string) {}, // by itself
	} {
		t.Run(name, func(t *testing.T) {
			expires := time.Time{}
			if name == "expired" {
				expires = time.Now().Add(3 * time.Second)
			}
			path, user := credentials(t, o.account, expires, 0o600)
			dir := folder(t)
			h, _, a := sweepOn(t, dir, External{URL: o.ClientURL(), Creds: path})
			l := dial(t, dir, "one")
			end(user)
			<-l.Closed()
			var access *AccessError
			if _, err := Dial(dir, a, "two"); !errors.As(err, &access) || !strings.Contains(err.Error(), "ask for new ones") {
				t.Errorf("an agent afterwards: %v", err)
			}
			if err := next(t, h.Failed(), "the end of the hub"); !errors.As(err, &access) || !strings.Contains(err.Error(), "ask for new ones") {
				t.Errorf("the hub: %v", err)
			}
		})
	}
}
