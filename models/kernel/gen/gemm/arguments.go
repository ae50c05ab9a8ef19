package main

// Offsets of the fields of package kernel's struct arguments; a test of that package compares them.
const (
	atC           = 0
	atA           = 8
	atB           = 16
	atStart       = 24
	atY           = 32 // the other operand of what follows the last multiply-add, of C's shape
	atStartMask   = 40 // addresses of masks: of the start's columns,
	atStartLast   = 48 // of those in the last register,
	atLast        = 56 // and of the panel's columns in the last register
	atLdc         = 64 // all distances in bytes
	atLda         = 72
	atLdb         = 80
	atStartStride = 88
	atPanelStride = 96
	atLdy         = 104
	atK           = 112
	atPanels      = 120
	atRows        = 128 // the height of the first tiles
	atTiles       = 136 // how many there are
	atLowTiles    = 144 // how many of one row less follow
	atRagged      = 152 // not 0: the last register is not full
	atThen        = 160 // what follows the last multiply-add
	atPending     = 168 // the rest belongs to the assembly: low tiles that have yet to come in this panel,
	atPanelsLeft  = 176 // panels,
	atPanelC      = 184 // where the current panel lies,
	atPanelB      = 192
	atPanelStart  = 200
	atPanelY      = 208
	atTileY       = 216 // and the current tile
)
