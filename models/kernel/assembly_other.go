//go:build !amd64

package kernel

// Where there is no assembly, ISAs() is generic alone and none of these is called.

func (i ISA) multiply(int, *arguments)           {}
func (i ISA) multiplyTransposed(int, *arguments) {}
func (i ISA) addRows(*arguments)                 {}
func (i ISA) peak(*arguments)                    {}
