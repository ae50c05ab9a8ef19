package kernel

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestPages: zeros at the beginning of a page, or where they are many of a huge page, and then the kernel has been asked for such pages.
func TestPages(t *testing.T) {
	for _, n := range []int{0, 1, 1000, leastHuge/4 - 1, leastHuge / 4, leastHuge/4 + 12345} {
		s := Pages[float32](n)
		if len(s) != n || cap(s) != n || slices.ContainsFunc(s, func(x float32) bool { return x != 0 }) {
			t.Errorf("%d of %d elements, or not zero", len(s), n)
		}
		at, want := uintptr(unsafe.Pointer(unsafe.SliceData(s))), uintptr(page)
		if 4*n >= leastHuge {
			want = hugePage
			if asked, known := asksForHugePages(t, at); known && !asked {
				t.Errorf("%d elements: nobody has asked for huge pages", n)
			}
		}
		if n > 0 && at%want != 0 {
			t.Errorf("%d elements begin at %#x", n, at)
		}
		runtime.KeepAlive(s)
	}
}

// asksForHugePages looks up the flags of an address in proc(5), /proc/pid/smaps; known: there are such flags here.
func asksForHugePages(t *testing.T, address uintptr) (asked, known bool) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		return false, false
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return false, false
	}
	defer f.Close()
	here := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			here = from <= address && address < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && here {
			return slices.Contains(strings.Fields(flags), "hg"), true
		}
	}
	t.Fatalf("no mapping has the address %#x", address)
	return false, false
}
