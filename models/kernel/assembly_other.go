//go:build !amd64

package kernel

// Where there is no assembly, ISAs() is generic alone and none of these is called.

func (i ISA) product(bool, int, *arguments) {}
func (i ISA) narrowProduct(*arguments)      {}
func (i ISA) addRows(*arguments)            {}
func (i ISA) peak(*arguments)               {}
