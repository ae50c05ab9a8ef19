package graph

// A Loss is what training minimises over a batch of outputs.
type Loss string

// The losses.
const (
	CrossEntropy Loss = "cross_entropy" // Σ mask·nll / Σ mask over the points, nll = -log softmax(output)[label]; the mask is T×B
	SquaredError Loss = "squared_error" // Σ mask·(output-target)² / (T·B·Outputs): masked elements count in the denominator; the mask is T×B×Outputs
)
