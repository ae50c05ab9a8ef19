package command

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// slotVariable marks everything that descends from one process of an agent's slot.
const slotVariable = prefix + "SLOT"

// SlotMark is the entry of the environment by which all descendants of a slot's process are found; the name is to be different for each.
func SlotMark(name string) string { return slotVariable + "=" + name }

// KillStrays kills every process, but this one, that began with all of these entries (NAME=VALUE) in its environment, and returns how many there were. Only processes
// of this user can be seen; whether one has left its group makes no difference.
func KillStrays(entries ...string) (killed int) {
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if killMarked(pid, entries) {
			killed++
		}
	}
	return killed
}

// killMarked kills one process if it has the entries. The descriptor makes sure that it is the one whose environment was read.
func killMarked(pid int, entries []string) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	environment = append([]byte{0}, environment...)
	for _, entry := range entries {
		if !bytes.Contains(environment, []byte("\x00"+entry+"\x00")) {
			return false
		}
	}
	return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}
