package main

// Offsets of the fields of package kernel's struct arguments; a test of that package compares them.
const (
	atC           = 0
	atA           = 8
	atB           = 16
	atStart       = 24
	atLdc         = 32 // all distances in bytes
	atLda         = 40
	atLdb         = 48
	atStartStride = 56
	atPanelStride = 64
	atK           = 72
	atPanels      = 80
	atRows        = 88  // the height of the first tiles
	atTiles       = 96  // how many there are
	atLowTiles    = 104 // how many of one row less follow
	atStartMask   = 112 // addresses of masks: of the start's columns,
	atStartLast   = 120 // of those in the last register,
	atLast        = 128 // and of the panel's columns in the last register
	atRagged      = 136 // not 0: the last register is not full
	atPending     = 144 // the rest belongs to the assembly: low tiles that have yet to come in this panel,
	atPanelsLeft  = 152 // panels,
	atPanelC      = 160 // and where the current panel lies
	atPanelB      = 168
	atPanelStart  = 176
)
