package slurmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Cluster is a running cluster. Its methods may be called by several goroutines, except Stop.
type Cluster struct {
	dir        string
	config     Config
	port       int  // slurmctld's; those of the nodes follow
	namespaces bool // nodes have hostnames of their own
	temporary  bool // Stop removes the folder
	release    func() error
}

// remembered is what a later process must know of a cluster (the file cluster.json).
type remembered struct {
	Config     Config `json:"config"`
	Port       int    `json:"port"`
	Namespaces bool   `json:"namespaces"`
}

// patience is how long daemons may take to answer: seconds, but the machine may be busy.
const patience = 90 * time.Second

// Start starts a cluster that lives as long as a test. It fails the test where SLURM is not installed: such tests are behind the build tag slurm.
func Start(tb testing.TB, config Config) *Cluster {
	tb.Helper()
	c, err := New(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// New starts a cluster and returns when all nodes are idle. Without a folder in config it ends with this process.
// It needs slurmctld, slurmd, the clients and munged (Debian: slurmctld slurmd slurm-client munge), and the hostname at 127.0.0.1.
func New(config Config) (*Cluster, error) {
	config.setDefaults()
	if err := possible(); err != nil {
		return nil, fmt.Errorf("start a SLURM cluster: %w", err)
	}
	c := &Cluster{config: config, namespaces: !config.SameHostname && mayNamespace()}
	if err := c.makeFolder(); err != nil {
		return nil, fmt.Errorf("start a SLURM cluster: %w", err)
	}
	if err := c.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a SLURM cluster in %s: %w", c.dir, err), c.Stop())
	}
	return c, nil
}

// Open finds the cluster of a folder, as another process has started it.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err != nil {
		return nil, fmt.Errorf("there is no cluster in %s: %w", dir, err)
	}
	var r remembered
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s/cluster.json: %w", dir, err)
	}
	return &Cluster{dir: dir, config: r.Config, port: r.Port, namespaces: r.Namespaces}, nil
}

// possible tells what is missing on this machine.
func possible() error {
	for _, program := range []string{"slurmctld", "slurmd", "sbatch", "sinfo", "munged"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not on the path; Debian and Ubuntu: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge", program)
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	addresses, err := net.LookupHost(host)
	first := slices.IndexFunc(addresses, func(a string) bool { return strings.Contains(a, ".") }) // SLURM takes the first of IPv4
	if err != nil || first < 0 || addresses[first] != "127.0.0.1" {
		return fmt.Errorf("SLURM's daemons listen on what this machine's hostname %s resolves to, which is %v, and must be 127.0.0.1: "+
			"put the line \"127.0.0.1 %[1]s\" before others of that name in /etc/hosts", host, addresses)
	}
	return nil
}

// mayNamespace tells whether nodes can have hostnames of their own.
func mayNamespace() bool {
	return exec.Command("unshare", "--uts", "--mount", "--propagation", "slave", "sh", "-c", "hostname node1 && mount --bind /etc/hosts /etc/hosts").Run() == nil
}

// folders are what a cluster's folder holds, beside cluster.json.
var folders = []string{"etc", "run", "log", "state", "spool", "dev"}

func (c *Cluster) makeFolder() (err error) {
	if c.config.Dir == "" {
		c.temporary = true
		if c.dir, err = os.MkdirTemp("", "slurm"); err != nil {
			return err
		}
		if err = os.Chmod(c.dir, 0o755); err != nil { // munged insists; the key is private
			return err
		}
	} else if c.dir, err = filepath.Abs(c.config.Dir); err != nil {
		return err
	}
	if c.dir, err = filepath.EvalSymlinks(c.dir); errors.Is(err, os.ErrNotExist) {
		c.dir, err = filepath.Abs(c.config.Dir)
	}
	c.config.Dir = c.dir
	switch {
	case err != nil:
		return err
	case len(c.dir) > longest:
		return fmt.Errorf("the name of the folder %s has %d bytes; at most %d, for the names of sockets in it are limited (TMPDIR chooses another place)", c.dir, len(c.dir), longest)
	case strings.ContainsAny(c.dir, " \t\n#,[]'\""):
		return fmt.Errorf("the name of the folder %q cannot be written into slurm.conf", c.dir)
	}
	for _, sub := range folders {
		if err := os.MkdirAll(filepath.Join(c.dir, sub), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// start runs the daemons. Only one process at a time picks ports, until its daemons hold them.
func (c *Cluster) start() error {
	if c.temporary {
		if err := c.guard(); err != nil {
			return err
		}
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf(".slurmtest-ports-%d.lock", os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	if c.port, err = freePorts(c.config.Nodes + 1); err != nil {
		return err
	}
	if err := c.configure(); err != nil {
		return err
	}
	text, err := json.Marshal(remembered{c.config, c.port, c.namespaces})
	if err != nil {
		return err
	}
	if err := c.write("cluster.json", string(text), 0o644); err != nil {
		return err
	}
	for _, name := range c.Daemons() {
		if err := c.Up(name); err != nil {
			return err
		}
	}
	if err := c.WaitReady(c.config.Nodes); err != nil {
		return err
	}
	return nil
}

// freePorts finds so many ports in a row that nobody listens on, below those that the kernel gives out.
func freePorts(n int) (first int, err error) {
next:
	for first = 21000; first+n < 32000; first += n {
		for p := first; p < first+n; p++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return first, nil
	}
	return 0, fmt.Errorf("there are no %d free ports in a row between 21000 and 32000", n)
}

// Daemons are the names that Down and Up know, in the order of starting: munged, slurmctld, node1, node2…
func (c *Cluster) Daemons() []string {
	names := []string{"munged", "slurmctld"}
	for k := range c.config.Nodes {
		names = append(names, fmt.Sprintf("node%d", k+1))
	}
	return names
}

// Dir is the cluster's folder.
func (c *Cluster) Dir() string { return c.dir }

// Conf is the path of slurm.conf, the value of SLURM_CONF.
func (c *Cluster) Conf() string { return filepath.Join(c.dir, "etc", "slurm.conf") }

// Environ is this process's environment without variables of SLURM, and with the cluster's SLURM_CONF: what a client is started with.
func (c *Cluster) Environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "SLURM") || strings.HasPrefix(s, "SBATCH_") || strings.HasPrefix(s, "SQUEUE_") || strings.HasPrefix(s, "SINFO_")
	})
	return append(env, "SLURM_CONF="+c.Conf())
}

// Command is a client's command for the cluster.
func (c *Cluster) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = c.Environ()
	return cmd
}
