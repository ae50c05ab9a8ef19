package broker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"neurosweep/sweep"
)

// Whoever comes first makes the sweep's id and keys, everybody gets the same, and nobody but the owner can read the keys.
func TestIdentityIsMadeOnce(t *testing.T) {
	dir := folder(t)
	if id, err := ReadID(dir); id != "" || err != nil {
		t.Fatalf("before the first controller: id %q, %v", id, err)
	}
	made := make(chan Identity)
	for range 8 {
		go func() {
			id, err := Prepare(dir)
			if err != nil {
				t.Error(err)
			}
			made <- id
		}()
	}
	first := <-made
	for range 7 {
		if id := <-made; id != first {
			t.Errorf("two identities: %+v and %+v", first, id)
		}
	}
	if id, err := ReadID(dir); id != first.ID || id == "" || err != nil {
		t.Errorf("ReadID: %q, %v; want %q", id, err, first.ID)
	}
	for _, name := range []string{controllerFile, agentFile} {
		info, err := os.Stat(controlPath(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
	text, err := os.ReadFile(controlPath(dir, idFile))
	if err != nil || strings.Contains(string(text), first.Agent) {
		t.Errorf("the file that lab mates may read: %q, %v", text, err)
	}
}

func TestAddressOnDisk(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadAddress(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no broker.json: %v", err)
	}
	want := Address{ID: "x", URLs: []string{"nats://127.0.0.1:1"}, Keys: true, Term: 3}
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAddress(dir)
	if err != nil || got.ID != want.ID || got.Term != want.Term || got.URLs[0] != want.URLs[0] || !got.Keys {
		t.Errorf("read back: %+v, %v", got, err)
	}
	path := filepath.Join(dir, sweep.BrokerFile)
	want.URLs = append(want.URLs, "nats://user:password@127.0.0.1:1")
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("broker.json with a password in it has mode %v, want 0600; %v", info.Mode(), err)
	}
	for text, complaint := range map[string]string{`{"v":2}`: "version 2", `{"v":`: "damaged", ``: "damaged"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadAddress(dir); err == nil || !strings.Contains(err.Error(), complaint) || !strings.Contains(err.Error(), path) {
			t.Errorf("broker.json %q: error %v, want it to name the file and say %q", text, err, complaint)
		}
	}
}

// An agent may ask, report and hear what is for it; everything else the server forbids, to whoever has the agents' key.
func TestAgentsMayDoLittle(t *testing.T) {
	dir := folder(t)
	_, id, a := start(t, dir, 1)
	hub := open(t, a, id)
	t.Cleanup(func() { _ = hub.Close() }) // the server may have gone before
	stream := "REPORTS-" + a.ID
	for _, c := range []struct {
		do      string
		subject string
		allowed bool
	}{
		{"pub", AskSubject(a.ID), true},
		{"pub", ReportSubject(a.ID, "one"), true},
		{"sub", ControlSubject(a.ID, "one"), true},
		{"sub", inbox(a.ID, "one") + ".reply", true},
		{"pub", CommSubject(a.ID, "group", "3"), true},
		{"sub", CommSubject(a.ID, "group", "3"), true},
		{"pub", CommSubject("another", "group", "3"), false},
		{"sub", CommSubject("another", "group", "3"), false},
		{"sub", "sweep." + a.ID + ".comm.>", false},
		{"pub", ControlSubject(a.ID, "one"), false},
		{"pub", AskSubject("another"), false},
		{"pub", "$JS.API.STREAM.DELETE." + stream, false},
		{"pub", "$JS.API.CONSUMER.MSG.NEXT." + stream + ".controller", false},
		{"pub", "$JS.ACK." + stream + ".controller.1.1.1.1.0", false},
		{"sub", ">", false},
		{"sub", "sweep.>", false},
		{"sub", AskSubject(a.ID), false},
		{"sub", ReportSubject(a.ID, "*"), false},
		{"sub", "_INBOX.>", false},
		{"sub", controllerInbox(a.ID) + ".>", false},
	} {
		nc, wrong := raw(t, a, id.Agent)
		var err error
		if c.do == "sub" {
			_, err = nc.SubscribeSync(c.subject)
		} else {
			err = nc.Publish(c.subject, []byte("{}"))
		}
		if err := errors.Join(err, nc.Flush()); err != nil {
			t.Fatal(err)
		}
		// The server answers in order: what it had against the operation came before the answer to Flush, and LastError has it.
		err = nc.LastError()
		if forbidden := errors.Is(err, nats.ErrPermissionViolation); forbidden == c.allowed {
			t.Errorf("%s %s: %v, want allowed %v", c.do, c.subject, err, c.allowed)
		}
		if !c.allowed {
			next(t, wrong, "the server's refusal of "+c.subject)
		}
	}
}

func TestStrangersAreNotLetIn(t *testing.T) {
	_, _, a := start(t, folder(t), 1)
	open := a
	open.Keys = false
	if nc, err := connect(open, "test", user{}); err == nil {
		nc.Close()
		t.Error("a program without a key was let in")
	}
	seed, err := newSeed()
	if err != nil {
		t.Fatal(err)
	}
	if nc, err := connect(a, "test", user{seed: seed}); err == nil {
		nc.Close()
		t.Error("a program with another sweep's key was let in")
	}
}
