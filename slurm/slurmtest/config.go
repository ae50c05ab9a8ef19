package slurmtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/sys/unix"
)

// A Config says what cluster to start. Zero values are the defaults.
type Config struct {
	Dir          string // the cluster's folder, at most 60 bytes long (names of sockets are short); default: a new one among the temporary files
	Nodes        int    // how many nodes, node1 to nodeN; default 4
	CPUs         int    // CPUs that each node claims, whatever the machine has; default 8
	Memory       int    // MB that each node claims; default 16000
	GPUs         int    // GPUs that each node claims; default 0
	GPUType      string // "h100" makes them gpu:h100
	KillWait     int    // seconds from TERM to KILL; default 2
	NodeTimeout  int    // seconds until a silent node is down; default 20
	Grace        int    // seconds from the warning of a preemption to its end; default 0
	MaxArraySize int    // one more than the largest index of a job array; default 10001
	SameHostname bool   // no namespaces: all nodes share the hostname of this machine
	Extra        string // further lines of slurm.conf
}

// longest is how long the folder's name may be: a socket's name holds 107 bytes, and slurmstepd makes SPOOL/NODE_JOB.STEP.
const longest = 60

func (c *Config) setDefaults() {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Nodes, 4}, {&c.CPUs, 8}, {&c.Memory, 16000}, {&c.KillWait, 2}, {&c.NodeTimeout, 20}, {&c.MaxArraySize, 10001}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// conf is what the template of slurm.conf is filled with.
type conf struct {
	Config
	Port        int // slurmctld's; node k has Port+k
	User, Host  string
	Device      string // GPUs' files are Device0, Device1…
	Namespaces  bool   // every node has a hostname of its own
	NodeNumbers []int
}

// slurmConf is the configuration. What is unusual in it:
//
//   - NoInAddrAny makes daemons and clients listen on what the hostname resolves to, 127.0.0.1, not on all addresses.
//   - A requeued job is held for cred_expire + 1 s, and without these SchedulerParameters for 30 s more.
//   - config_overrides lets nodes claim more CPUs and memory than the machine has.
//   - DefMemPerCPU: without it the first job takes all memory of a node.
//   - PropagateResourceLimits: a submitter's ulimits must not decide whether jobs start.
var slurmConf = template.Must(template.New("slurm.conf").Funcs(template.FuncMap{
	"add":    func(a, b int) int { return a + b },
	"divide": func(a, b int) int { return a / b },
}).Parse(`ClusterName=playground
SlurmctldHost={{.Host}}(127.0.0.1)
SlurmctldPort={{.Port}}
SlurmUser={{.User}}
SlurmdUser={{.User}}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={{.Dir}}/run/munge.sock,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={{.Dir}}/state
SlurmdSpoolDir={{.Dir}}/spool/%n
SlurmctldPidFile={{.Dir}}/run/slurmctld.pid
SlurmdPidFile={{.Dir}}/run/%n.pid
SlurmctldLogFile={{.Dir}}/log/slurmctld.log
SlurmdLogFile={{.Dir}}/log/%n.log
PlugStackConfig={{.Dir}}/etc/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout={{.NodeTimeout}}
KillWait={{.KillWait}}
InactiveLimit=0
MinJobAge=86400
MaxJobCount=100000
MaxArraySize={{.MaxArraySize}}
JobRequeue=1
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1,bf_continue
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU={{divide .Memory .CPUs}}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
{{range .NodeNumbers}}NodeName=node{{.}} NodeHostname={{if $.Namespaces}}node{{.}}{{else}}{{$.Host}}{{end}} NodeAddr=127.0.0.1 Port={{add $.Port .}} CPUs={{$.CPUs}} Boards=1 SocketsPerBoard=1 CoresPerSocket={{$.CPUs}} ThreadsPerCore=1 RealMemory={{$.Memory}}{{if $.GPUs}} Gres=gpu:{{with $.GPUType}}{{.}}:{{end}}{{$.GPUs}}{{end}} State=UNKNOWN
{{end}}PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime={{.Grace}} MaxTime=INFINITE State=UP
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
{{.Extra}}
`))

// configure writes the cluster's files.
func (c *Cluster) configure() error {
	who, err := user.Current()
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	host, _, _ = strings.Cut(host, ".")
	data := conf{Config: c.config, Port: c.port, User: who.Username, Host: host, Namespaces: c.namespaces}
	for k := range c.config.Nodes {
		data.NodeNumbers = append(data.NodeNumbers, k+1)
	}
	if data.Device, err = c.devices(); err != nil {
		return err
	}
	gres := "AutoDetect=off\n"
	if n := c.config.GPUs; n > 0 {
		kind, files := "", data.Device+"0"
		if c.config.GPUType != "" {
			kind = " Type=" + c.config.GPUType
		}
		if n > 1 {
			files = fmt.Sprintf("%s[0-%d]", data.Device, n-1)
		}
		gres += fmt.Sprintf("NodeName=node[1-%d] Name=gpu%s File=%s\n", c.config.Nodes, kind, files)
	}
	cgroup, err := cgroupConf()
	if err != nil {
		return err
	}
	hosts, err := c.hosts()
	if err != nil {
		return err
	}
	key := make([]byte, 128)
	rand.Read(key)
	var text strings.Builder
	return errors.Join(
		slurmConf.Execute(&text, data),
		c.write("etc/slurm.conf", text.String(), 0o644),
		c.write("etc/gres.conf", gres, 0o644),
		c.write("etc/cgroup.conf", cgroup, 0o644),
		c.write("etc/plugstack.conf", "", 0o644),
		c.write("etc/hosts", hosts, 0o644),
		c.write("etc/munge.key", string(key), 0o400),
	)
}

func (c *Cluster) write(name, text string, mode fs.FileMode) error {
	return os.WriteFile(filepath.Join(c.dir, name), []byte(text), mode)
}

// devices makes the files of the GPUs: slurmd wants character devices whose names end in a number, and looks at no more than that. Who may not make
// devices gets those of terminals.
func (c *Cluster) devices() (prefix string, err error) {
	prefix = filepath.Join(c.dir, "dev", "gpu")
	for k := range c.config.GPUs {
		err := unix.Mknod(prefix+strconv.Itoa(k), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
		if err != nil {
			prefix = "/dev/tty"
			break
		}
	}
	for k := range c.config.GPUs {
		if _, err := os.Stat(prefix + strconv.Itoa(k)); err != nil {
			return "", fmt.Errorf("a cluster with %d GPUs a node: this process may not make device files, and %w", c.config.GPUs, err)
		}
	}
	return prefix, nil
}

// hosts is /etc/hosts as the nodes see it: the machine's, with all nodes at 127.0.0.1.
func (c *Cluster) hosts() (string, error) {
	text, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return "", err
	}
	line := "127.0.0.1"
	for k := range c.config.Nodes {
		line += fmt.Sprintf(" node%d", k+1)
	}
	return strings.TrimRight(string(text), "\n") + "\n" + line + "\n", nil
}

// cgroupConf is empty before 24.05, which does not know the value; from then on slurmd looks for a cgroup tree unless it is told not to.
func cgroupConf() (string, error) {
	out, err := exec.Command("slurmctld", "-V").Output()
	if err != nil {
		return "", fmt.Errorf("ask slurmctld for its version: %w", err)
	}
	var major, minor int
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return "", errors.New("slurmctld -V printed nothing")
	}
	if _, err := fmt.Sscanf(fields[len(fields)-1], "%d.%d", &major, &minor); err != nil {
		return "", fmt.Errorf("slurmctld -V printed %q, which is no version: %w", out, err)
	}
	if 100*major+minor >= 2405 {
		return "CgroupPlugin=disabled\n", nil
	}
	return "", nil
}
