package kernel

// lossLanes is the number of partial sums of a loss.
const lossLanes = 64

// CrossEntropy is the softmax cross-entropy of a batch of points and its gradient. Row i of y holds the logits of point i, row i of dy gets
//
//	dy = (scale·w[i])·(softmax(y) - onehot(labels[i]))
//
// and the result is Σ w[i]·(-ln softmax(y)[labels[i]]). w nil stands for ones. ldy and ldd are the strides of the rows; what lies beyond the classes of a row is left alone, and
// dy may be y. A label that is not a class is the caller's error: its one-hot row is zero and its loss that of a logit of 0.
//
// Roundings: m = the largest logit, e = exp(y-m) and s = Σ e by classes ascending, p = e/s, dy = (scale·w)·(p-1 or p); a point's loss is
// w·(ln s + (m - y[label])). The sum over points has 64 lanes, point i in lane i mod 64, each ascending; lanes are added in halves: l and l+32, l and l+16, …, 0 and 1.
func (s *Set[F]) CrossEntropy(dy []F, ldd int, y []F, ldy int, labels []int32, weights []F, scale F, rows, classes int) (loss F) {
	var lanes [lossLanes]F
	for i := range rows {
		w := F(1)
		if weights != nil {
			w = weights[i]
		}
		nll := crossEntropyPoint(dy[i*ldd:][:classes], y[i*ldy:][:classes], int(labels[i]), F(scale*w))
		lanes[i%lossLanes] += F(w * nll)
	}
	return sumLanes(&lanes)
}

func crossEntropyPoint[F Float](dy, y []F, label int, scale F) (nll F) {
	largest, exp, log := binaryOf[F](OpMax), unaryOf[F](OpExp), unaryOf[F](OpLog)
	m := y[0]
	for _, v := range y[1:] {
		m = largest(m, v)
	}
	var sum, chosen F
	for k, v := range y {
		if k == label {
			chosen = v
		}
		dy[k] = exp(v - m)
		if k == 0 {
			sum = dy[k]
		} else {
			sum += dy[k]
		}
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
