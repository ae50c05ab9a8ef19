//go:build !amd64

package kernel

// Where there is no assembly, ISAs() is generic alone and none of these is called.

func operationsOf(ISA) (entries [endOfProgram + 1]uintptr) { return entries }

func (i ISA) run(*machine)          {}
func (i ISA) points(*pointGroup)    {}
func (i ISA) normals(*blocks, bool) {}
