package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/broker"
	"neurosweep/slurm"
)

// A probeReport is what sweep doctor-probe prints on a node, one line of JSON.
type probeReport struct {
	Rank      int        `json:"rank"`
	Node      string     `json:"node"`
	Version   string     `json:"version"` // of this binary
	Clock     time.Time  `json:"clock"`   // when it printed this
	Folder    folderTest `json:"folder"`
	Won       bool       `json:"won"`       // the race of all nodes for one link
	RoundTrip float64    `json:"roundTrip"` // seconds from writing a file to seeing the other node's answer to it; 0: one node
	Unseen    string     `json:"unseen,omitempty"`
	Login     string     `json:"login,omitempty"` // the address of the login node that answered
	Peer      string     `json:"peer,omitempty"`  // that of the other node
	Scontrol  bool       `json:"scontrol"`        // jobs can requeue themselves
}

// unseenAfter is how long a probe waits for the other node's file: file systems cache listings, but not for longer than a controller's term is held.
const unseenAfter = 60 * time.Second

// A probe is one process of sweep doctor on a node.
type probe struct {
	dir        string // shared by all of them
	rank, size int
}

func newDoctorProbe(a *app) *cobra.Command {
	var login, word string
	c := &cobra.Command{
		Use:    "doctor-probe DIR",
		Short:  "What sweep doctor runs on nodes",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, ok, err := slurm.Discover(os.LookupEnv)
			if err != nil {
				return err
			}
			if !ok {
				return usage("sweep doctor-probe is run by sweep doctor, inside a job")
			}
			p := probe{args[0], e.Rank, e.Size}
			r := p.run(strings.Split(login, ","), word)
			r.Node, r.Version, r.Clock = e.Node, version, time.Now()
			text, err := json.Marshal(r)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s\n", text)
			return err
		},
	}
	c.Flags().StringVar(&login, "login", "", "addresses of the login node")
	c.Flags().StringVar(&word, "word", "", "what an answering listener says")
	return c
}

func (p probe) file(name string, rank int) string {
	return filepath.Join(p.dir, fmt.Sprintf("%s-%d", name, rank))
}

// run makes all checks of one process. Those of two nodes are in the same order on both.
func (p probe) run(login []string, word string) probeReport {
	r := probeReport{Rank: p.rank}
	r.Folder = testFolder(p.dir, fmt.Sprintf("rank%d-", p.rank))
	_, err := exec.LookPath("scontrol")
	r.Scontrol = err == nil
	r.Login = dial(login, word)
	l, addresses, err := listen(word)
	if err == nil {
		defer l.Close()
	}
	if err := p.publish("addresses", strings.Join(addresses, ",")); err != nil {
		r.Unseen = err.Error()
		return r
	}
	r.Won = os.Link(p.file("addresses", p.rank), filepath.Join(p.dir, "won")) == nil
	if p.size == 1 {
		return r
	}
	other := 1 - p.rank
	text, err := p.await("addresses", other)
	if err == nil {
		r.Peer = dial(strings.Split(text, ","), word)
		r.RoundTrip, err = p.roundTrip(other)
	}
	if err == nil { // nobody leaves, and takes his listener away, before both are done
		err = p.publish("done", "done")
	}
	if err == nil {
		_, err = p.await("done", other)
	}
	if err != nil {
		r.Unseen = err.Error()
	}
	return r
}

// roundTrip measures how long a file takes to be seen: both nodes look for the other's before it is there, as agents do.
func (p probe) roundTrip(other int) (float64, error) {
	if p.rank == 1 {
		if _, err := p.await("ask", other); err != nil {
			return 0, err
		}
		return 0, p.publish("answer", "answer")
	}
	if _, err := os.ReadFile(p.file("answer", other)); err == nil {
		return 0, errors.New("there was an answer before the question")
	}
	begin := time.Now()
	if err := p.publish("ask", "ask"); err != nil {
		return 0, err
	}
	_, err := p.await("answer", other)
	return time.Since(begin).Seconds(), err
}

// publish writes a file under another name, synced, then renames it.
func (p probe) publish(name, text string) error {
	temporary := p.file(name+".tmp", p.rank)
	if err := writeSynced(temporary, text); err != nil {
		return err
	}
	return os.Rename(temporary, p.file(name, p.rank))
}

// await opens the other node's file by name until it is there.
func (p probe) await(name string, rank int) (string, error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(p.file(name, rank))
		if err == nil {
			return string(text), nil
		}
		if time.Since(begin) > unseenAfter {
			return "", fmt.Errorf("the file %s of the other node is not seen after %v: %w", name, unseenAfter, err)
		}
	}
}

// listen answers connections with a word, on a port of all addresses of this machine.
func listen(word string) (net.Listener, []string, error) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return nil, nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = io.WriteString(c, word)
			c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	var addresses []string
	for _, host := range broker.OwnAddresses() {
		addresses = append(addresses, net.JoinHostPort(host, port))
	}
	return l, addresses, nil
}

// dial is the first of some addresses that answers with the word.
func dial(addresses []string, word string) string {
	for _, address := range addresses {
		c, err := net.DialTimeout("tcp", address, 3*time.Second)
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(3 * time.Second))
		said, _ := io.ReadAll(io.LimitReader(c, 64))
		c.Close()
		if string(said) == word && word != "" {
			return address
		}
	}
	return ""
}
