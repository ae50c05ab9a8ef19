package agent

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// memoryKills reads how often the kernel has killed in this process's control group for lack of memory; 0 where that is not known.
func memoryKills() int {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	return countMemoryKills(string(text), "/sys/fs/cgroup")
}

// countMemoryKills reads the counter oom_kill of a group: of the first version's memory controller where /proc/self/cgroup names it, else of the
// unified hierarchy. In a container the group's path may lie outside of what is mounted; then it is the mounted root that counts.
func countMemoryKills(groups, root string) int {
	file := ""
	for line := range strings.Lines(groups) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		switch {
		case controllers == "" && id == "0" && file == "":
			file = firstThere(filepath.Join(root, path, "memory.events"), filepath.Join(root, "unified", path, "memory.events"), filepath.Join(root, "memory.events"))
		case strings.Contains(","+controllers+",", ",memory,"):
			file = firstThere(filepath.Join(root, "memory", path, "memory.oom_control"), filepath.Join(root, "memory", "memory.oom_control"))
		}
	}
	events, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for event := range strings.Lines(string(events)) {
		if count, ok := strings.CutPrefix(event, "oom_kill "); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(count)) // the kernel's own number
			return n
		}
	}
	return 0
}

func firstThere(files ...string) string {
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	return ""
}

// memoryBytes is the memory of this machine; 0: unknown.
func memoryBytes() int64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
