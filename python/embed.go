package python

import _ "embed"

// HelperName is the file name of Helper: what programs import.
const HelperName = "neurosweep.py"

// Helper is the text of the module that scripts use to report to a sweep.
//
//go:embed neurosweep.py
var Helper []byte
