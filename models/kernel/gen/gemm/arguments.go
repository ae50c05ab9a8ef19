package main

// Offsets of the fields of package kernel's struct arguments; a test of that package compares them.
const (
	atC           = 0
	atA           = 8
	atB           = 16
	atStart       = 24
	atY           = 32 // the other operand of what follows the last multiply-add, of C's shape
	atAhead       = 40 // memory to be brought into the cache meanwhile
	atStartMask   = 48 // addresses of masks: of the start's columns,
	atStartLast   = 56 // of those in the last register,
	atLast        = 64 // and of the panel's columns in the last register
	atLdc         = 72 // all distances in bytes
	atLda         = 80
	atLdb         = 88
	atStartStride = 96
	atPanelStride = 104
	atLdy         = 112
	atK           = 120
	atPanels      = 128
	atRows        = 136 // the height of the first tiles
	atTiles       = 144 // how many there are
	atLowTiles    = 152 // how many of one row less follow
	atRagged      = 160 // not 0: the last register is not full
	atThen        = 168 // what follows the last multiply-add
	atPending     = 176 // the rest belongs to the assembly: low tiles that have yet to come in this panel,
	atPanelsLeft  = 184 // panels,
	atPanelC      = 192 // where the current panel lies,
	atPanelB      = 200
	atPanelStart  = 208
	atPanelY      = 216
	atTileY       = 224 // and the current tile,
	atTileLeft    = 232 // and what is left of its steps
)

// Offsets in package kernel's part, memory to be brought into the cache. An Ahead begins with the address of the one at hand.
const (
	atFrom    = 0
	atLines   = 8
	partSize  = 16
	lineShift = 6 // a line has 64 bytes
)
