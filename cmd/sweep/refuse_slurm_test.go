//go:build slurm

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"neurosweep/slurm/slurmtest"
)

// An office gives out credentials for a NATS server.
type office struct {
	*testing.T
	account nkeys.KeyPair
	claims  *jwt.AccountClaims
	url     string
}

// openOffice starts a server of an account, from which the users named revoked are shut out.
func openOffice(t *testing.T, revoked ...string) *office {
	t.Helper()
	key := func(k nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
		public, err2 := k.PublicKey()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return k, public
	}
	operator, operatorName := key(nkeys.CreateOperator())
	account, accountName := key(nkeys.CreateAccount())
	o := &office{T: t, account: account, claims: jwt.NewAccountClaims(accountName)}
	o.claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	for _, user := range revoked {
		o.claims.Revoke(user)
	}
	token, err := o.claims.Encode(operator)
	resolver := &server.MemAccResolver{}
	if err == nil {
		err = resolver.Store(accountName, token)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, AccountResolver: resolver,
		TrustedOperators: []*jwt.OperatorClaims{jwt.NewOperatorClaims(operatorName)}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server is not ready")
	}
	o.url = s.ClientURL()
	return o
}

// credentials writes the file of a user that an account has signed.
func credentials(t *testing.T, account, user nkeys.KeyPair, expires time.Time) (file string) {
	t.Helper()
	name, err := user.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.NewUserClaims(name)
	if !expires.IsZero() {
		claims.Expires = expires.Unix()
	}
	token, err := claims.Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "lab.creds")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRefusedSubmissions gives submit credentials that cannot work, a folder of another sweep and one of another program, and a step whose ranks do not agree:
// all are told what to do, and nothing is queued.
func TestRefusedSubmissions(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 1, CPUs: 2})
	spec := l.example(200)
	user := func() nkeys.KeyPair {
		k, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	shut := user()
	name, err := shut.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	here, elsewhere := openOffice(t, name), openOffice(t)
	for _, c := range []struct{ what, creds, want string }{
		{"expired", credentials(t, here.account, user(), time.Now().Add(-time.Hour)), "ask for new ones"},
		{"revoked", credentials(t, here.account, shut, time.Time{}), "revoked"},
		{"of another account", credentials(t, elsewhere.account, user(), time.Time{}), "another server or account"},
	} {
		_, stderr := l.submit(exitUsage, spec, "--dir", "wrong", "--agents", "1", "--nats", here.url, "--creds", c.creds)
		if !strings.Contains(stderr, c.want) {
			t.Errorf("credentials that are %s: %s", c.what, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(l.folder, "wrong")); err == nil {
		t.Error("there is a folder of a sweep that was refused")
	}

	l.run(0, "scontrol", "update", "nodename=node1", "state=drain", "reason=test")
	l.submit(exitDone, spec, "--dir", "s", "--agents", "1")
	l.run(exitDone, "sweep", "stop", "s")
	if _, stderr := l.submit(exitUsage, l.example(400), "--dir", "s", "--agents", "1"); !strings.Contains(stderr, "holds another sweep; choose another folder with --dir") {
		t.Errorf("another sweep's folder: %s", stderr)
	}
	if err := os.WriteFile(filepath.Join(l.folder, "s", "control", "binary"), []byte(strings.Repeat("0", 64)+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, stderr := l.submit(exitUsage, spec, "--dir", "s", "--agents", "1"); !strings.Contains(stderr, "--accept-binary") {
		t.Errorf("a folder of another program: %s", stderr)
	}
	if out, _ := l.run(0, "squeue", "-h", "-t", "PD,R"); out != "" {
		t.Errorf("after refusals jobs are queued: %s", out)
	}

	l.run(0, "scontrol", "update", "nodename=node1", "state=resume")
	script := `if [ $SLURM_PROCID = 1 ]; then SLURM_STEP_NUM_TASKS=3; fi; exec sweep run "$@" --dir ranks`
	_, stderr := l.run(exitUsage, "srun", append([]string{"-n", "2", "sh", "-c", script, "sh"}, spec...)...)
	if !strings.Contains(stderr, "one of 3 ranks") || !strings.Contains(stderr, "one of 2") {
		t.Errorf("ranks that do not agree on their number: %s", stderr)
	}
}
