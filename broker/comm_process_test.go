package broker

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program of a rank: with these in its environment it joins and plays a part.
const (
	envPart  = "NEUROSWEEP_TEST_PART"
	envGroup = "NEUROSWEEP_TEST_GROUP" // name rank size silence
	envDir   = "NEUROSWEEP_TEST_DIR"
)

func TestMain(m *testing.M) {
	if part := os.Getenv(envPart); part != "" {
		if err := play(part); err != nil {
			fmt.Println("error:", err)
		}
		return
	}
	os.Exit(m.Run())
}

// play is a rank process. It prints "joined", and at the end "done" or "error: …".
func play(part string) error {
	var g Group
	var silence string
	if _, err := fmt.Sscan(os.Getenv(envGroup), &g.Name, &g.Rank, &g.Size, &silence); err != nil {
		return err
	}
	var err error
	if g.Silence, err = time.ParseDuration(silence); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	g.Binary, g.Patience = fmt.Sprintf("%x", sha256.Sum256(text)), patience
	dir := os.Getenv(envDir)
	a, err := ReadAddress(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := Join(ctx, dir, a, g)
	if err != nil {
		return err
	}
	fmt.Println("joined")
	switch part {
	case "collectives":
		err = tryCollectives(ctx, c)
	case "wait":
		err = waitFor(ctx, c)
	case "until told":
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the test closes it
		err = c.Barrier(ctx)
	}
	if err = errors.Join(err, c.Close()); err == nil {
		fmt.Println("done")
	}
	return err
}

// waitFor waits for rank 2 in a way that depends on the rank.
func waitFor(ctx context.Context, c *Comm) error {
	switch c.Rank() {
	case 2:
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	case 0:
		return c.Allreduce(ctx, Sum, Float32s(make([]float32, 1<<20)))
	case 1:
		_, err := c.Recv(ctx, 2, 0, Bytes(nil))
		return err
	case 3:
		_, err := c.Recv(ctx, 0, 0, Bytes(nil)) // which never sends
		return err
	case 4:
		for {
			if err := c.Send(ctx, 2, 0, Bytes(make([]byte, 1<<20))); err != nil {
				return err
			}
		}
	}
	return c.Barrier(ctx)
}

// A rankProcess is a rank in a process of its own.
type rankProcess struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // of its output
}

// launch starts ranks as an agent would: a process that ends otherwise than by itself is reported to the group, if report.
func launch(t *testing.T, dir, name, part, silence string, size int, report bool, program func(rank int) string) []*rankProcess {
	t.Helper()
	l := dial(t, dir, "agent")
	ranks := make([]*rankProcess, size)
	for r := range size {
		p := &rankProcess{cmd: exec.Command(program(r)), lines: make(chan string, 16)}
		p.cmd.Env = append(os.Environ(), envPart+"="+part, fmt.Sprintf("%s=%s %d %d %s", envGroup, name, r, size, silence), envDir+"="+dir)
		p.cmd.Stderr = os.Stderr
		out, err := p.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if p.stdin, err = p.cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for scanner := bufio.NewScanner(out); scanner.Scan(); {
				p.lines <- scanner.Text()
			}
			close(p.lines)
			if err := p.cmd.Wait(); err != nil && report {
				if err := l.RankExited(name, r, "is dead: "+err.Error()); err != nil {
					t.Error(err)
				}
			}
		}()
		t.Cleanup(func() {
			_ = p.cmd.Process.Kill() // most have ended
			<-ended
		})
		ranks[r] = p
	}
	return ranks
}

// same is the program of every rank: this one.
func same(t *testing.T) func(int) string {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func(int) string { return program }
}

// joined waits until all ranks have.
func joined(t *testing.T, ranks []*rankProcess) {
	t.Helper()
	for r, p := range ranks {
		if line := next(t, p.lines, "a rank that joins"); line != "joined" {
			t.Fatalf("rank %d: %s", r, line)
		}
	}
}

func TestCollectivesOfProcesses(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	for _, size := range []int{2, 5} {
		ranks := launch(t, dir, fmt.Sprint("collectives-", size), "collectives", "1h", size, true, same(t))
		joined(t, ranks)
		for r, p := range ranks {
			if line := next(t, p.lines, "a rank's result"); line != "done" {
				t.Errorf("rank %d of %d: %s", r, size, line)
			}
		}
	}
}

// A rank that is killed while its agent lives is reported to all others, whatever they are waiting for.
func TestKilledRank(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	ranks := launch(t, dir, "killed", "wait", "1h", 6, true, same(t))
	joined(t, ranks)
	if err := ranks[2].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for r, p := range ranks {
		if r == 2 {
			continue
		}
		if line := next(t, p.lines, "the error of a rank"); !strings.Contains(line, "rank 2 (host ") || !strings.Contains(line, "is dead: signal: killed") {
			t.Errorf("rank %d: %s", r, line)
		}
	}
}

// A rank that stands still for longer than the silence is dead to all others, and to itself when it goes on. Rank 0, which watches, is found out by each of the others.
func TestSilentRank(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	for _, victim := range []int{2, 0} {
		ranks := launch(t, dir, fmt.Sprint("silent-", victim), "wait", "3s", 6, false, same(t))
		joined(t, ranks)
		if err := ranks[victim].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for r, p := range ranks {
			if r == victim || r == 2 { // the latter does not call anything
				continue
			}
			want := fmt.Sprintf("rank %d (host ", victim)
			if line := next(t, p.lines, "the error of a rank"); !strings.Contains(line, want) || !strings.Contains(line, "nothing was heard of it for 3s") {
				t.Errorf("rank %d: %s", r, line)
			}
		}
		if err := ranks[victim].cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if victim == 0 {
			if line := next(t, ranks[0].lines, "the error of the rank that goes on"); !strings.Contains(line, "error: Allreduce of rank 0 of 6") || !strings.Contains(line, "rank 0 (host ") {
				t.Errorf("rank 0: %s", line)
			}
		}
	}
}

// A rank that stands still for less than the silence is not dead, though the broker may have cut its connection meanwhile.
func TestStoppedRankGoesOn(t *testing.T) {
	dir := folder(t)
	_, id, a := start(t, dir, 1)
	ranks := launch(t, dir, "stopped", "until told", "3s", 3, true, same(t))
	joined(t, ranks)
	nc, _ := raw(t, a, id.Agent)
	beats, err := nc.SubscribeSync(CommSubject(a.ID, "stopped", everyone))
	if err != nil {
		t.Fatal(err)
	}
	if err := ranks[1].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range beatsInSilence / 2 { // heartbeats of the watcher: half of the silence
		if _, err := beats.NextMsg(patience); err != nil {
			t.Fatal(err)
		}
	}
	if err := ranks[1].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range beatsInSilence { // whoever counted on would have called it dead by now
		if _, err := beats.NextMsg(patience); err != nil {
			t.Fatal(err)
		}
	}
	letGo(t, ranks)
}

// letGo tells ranks to end, and checks that each says that it is done.
func letGo(t *testing.T, ranks []*rankProcess) {
	t.Helper()
	for _, p := range ranks {
		if err := p.stdin.Close(); err != nil {
			t.Error(err)
		}
	}
	for r, p := range ranks {
		if line := next(t, p.lines, "a rank's result"); line != "done" {
			t.Errorf("rank %d: %s", r, line)
		}
	}
}

// Ranks that all stand still for longer than the silence, as when a laptop sleeps, find nobody dead: that time does not count on any rank's clock.
func TestAllRanksStopped(t *testing.T) {
	dir := folder(t)
	_, id, a := start(t, dir, 1)
	ranks := launch(t, dir, "asleep", "until told", "1500ms", 3, true, same(t))
	joined(t, ranks)
	nc, _ := raw(t, a, id.Agent)
	beats, err := nc.SubscribeSync(CommSubject(a.ID, "asleep", everyone))
	if err != nil {
		t.Fatal(err)
	}
	signal := func(s syscall.Signal) {
		for _, p := range ranks {
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	for err = nil; err == nil; {
		_, err = beats.NextMsg(2 * time.Second) // until there is none for longer than the silence
	}
	signal(syscall.SIGCONT)
	for range beatsInSilence {
		if _, err := beats.NextMsg(patience); err != nil {
			t.Fatal(err)
		}
	}
	letGo(t, ranks)
}

// A rank of another binary is refused by name.
func TestAnotherBinary(t *testing.T) {
	dir := folder(t)
	start(t, dir, 1)
	ours := same(t)
	text, err := os.ReadFile(ours(0))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, append(text, 0), 0o777); err != nil {
		t.Fatal(err)
	}
	ranks := launch(t, dir, "binaries", "wait", "1h", 3, true, func(r int) string {
		if r == 2 {
			return other
		}
		return ours(r)
	})
	for r, p := range ranks {
		if line := next(t, p.lines, "the refusal"); !strings.Contains(line, "rank 2 (host ") || !strings.Contains(line, "runs binary") {
			t.Errorf("rank %d: %s", r, line)
		}
	}
}
