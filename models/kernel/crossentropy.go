package kernel

import (
	"math"
	"unsafe"
)

// lossLanes is the number of partial sums of a loss.
const lossLanes = 64

// CrossEntropy is the softmax cross-entropy of a batch of points and its gradient. Row i of y holds the logits of point i, row i of dy gets
//
//	dy = (scale·w[i])·(softmax(y) - onehot(labels[i]))
//
// and the result is Σ w[i]·(-ln softmax(y)[labels[i]]). w nil stands for ones. ldy and ldd are the strides of the rows; what lies beyond the classes of a row is left alone, and
// dy may be y. A label that is not a class is the caller's error: its one-hot row is zero and its loss that of a logit of 0. A NaN among the logits
// of a point stays in its gradient and in the loss. More than 32 classes cost an allocation.
//
// Roundings: m = the largest logit, e = exp(y-m) and s = Σ e by classes ascending, p = e/s, dy = (scale·w)·(p-1 or p); a point's loss is
// (ln s + (m - y[label]))·w. The sum over points has 64 lanes, point i in lane i mod 64, each ascending; lanes are added in halves: l and l+32, l and l+16, …, 0 and 1.
func (s *Set[F]) CrossEntropy(dy []F, ldd int, y []F, ldy int, labels []int32, weights []F, scale F, rows, classes int) (loss F) {
	var lanes [lossLanes]F
	if rows <= 0 || classes <= 0 {
		return 0
	}
	_, _, _ = dy[(rows-1)*ldd+classes-1], y[(rows-1)*ldy+classes-1], labels[rows-1]
	if weights != nil {
		_ = weights[rows-1]
	}
	if s.ISA != Generic {
		crossEntropy(s.ISA, dy, ldd, y, ldy, labels, weights, scale, rows, classes, &lanes)
		return sumLanes(&lanes)
	}
	for i := range rows {
		w := F(1)
		if weights != nil {
			w = weights[i]
		}
		nll := crossEntropyPoint(dy[i*ldd:][:classes], y[i*ldy:][:classes], int(labels[i]), F(scale*w))
		lanes[i%lossLanes] += F(nll * w)
	}
	return sumLanes(&lanes)
}

func crossEntropyPoint[F Float](dy, y []F, label int, scale F) (nll F) {
	exp, log := functionOf[F](OpExp), functionOf[F](OpLog)
	m := F(math.Inf(-1))
	var sum, chosen F
	for k, v := range y {
		m = larger(m, v)
		if k == label {
			chosen = v
		}
	}
	for k, v := range y {
		dy[k] = exp(v - m)
		sum += dy[k]
	}
	for k := range dy {
		p := dy[k] / sum
		if k == label {
			p -= 1
		}
		dy[k] = scale * p
	}
	return log(sum) + (m - chosen)
}

// sumLanes adds the lanes in halves.
func sumLanes[F Float](lanes *[lossLanes]F) F {
	for half := lossLanes / 2; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	return lanes[0]
}

// A pointGroup is what the assembly knows of a group of points: four registers full, or fewer points. The generator knows the offsets of its fields, which a test checks.
type pointGroup struct {
	y, dy          unsafe.Pointer // the group's first point
	yStep, dyStep  int            // bytes from point to point
	points         int
	classes        int
	labels         unsafe.Pointer // always as many as a whole group has
	weights        unsafe.Pointer // likewise
	lanes, scratch unsafe.Pointer // scratch has a row of a group's points for each class, and three more
	scale          float32
}

// stackClasses is the largest number of classes whose scratch memory is on the stack.
const stackClasses = 32

// crossEntropy is CrossEntropy in assembly, but for the sum of the lanes. F is float32.
func crossEntropy[F Float](isa ISA, dy []F, ldd int, y []F, ldy int, labels []int32, weights []F, scale F, rows, classes int, lanes *[lossLanes]F) {
	const size = 4
	group := 4 * isa.lanes()
	var memory [(stackClasses + 3) * lossLanes]float32
	var ones, lastWeights [lossLanes]float32
	var lastLabels [lossLanes]int32
	fill(ones[:], 1)
	scratch := memory[:]
	if classes > stackClasses {
		scratch = make([]float32, (classes+3)*group)
	}
	g := pointGroup{
		yStep: ldy * size, dyStep: ldd * size, points: group, classes: classes, scratch: address(scratch), scale: float32(scale), weights: address(ones[:]),
	}
	for i := 0; i < rows; i += group {
		g.y, g.dy, g.lanes = unsafe.Pointer(&y[i*ldy]), unsafe.Pointer(&dy[i*ldd]), unsafe.Pointer(&lanes[i%lossLanes])
		g.labels = unsafe.Pointer(&labels[i])
		if weights != nil {
			g.weights = unsafe.Pointer(&weights[i])
		}
		if g.points = min(group, rows-i); g.points < group { // the others have no label, weigh nothing, and compute with zeros
			fillRest(lastLabels[:group], labels[i:rows], -1)
			for k := range g.points {
				lastWeights[k] = *(*float32)(unsafe.Add(g.weights, k*size))
			}
			g.labels, g.weights = unsafe.Pointer(&lastLabels), unsafe.Pointer(&lastWeights)
			clear(scratch)
		}
		isa.points(&g)
	}
}

// fillRest copies from to s, and fills what is left of s.
func fillRest[T any](s, from []T, rest T) {
	for i := copy(s, from); i < len(s); i++ {
		s[i] = rest
	}
}
