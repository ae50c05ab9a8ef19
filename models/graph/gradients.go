package graph

import "fmt"

// Rules that only occur in gradients. An operand called like gives its shape, not its values.
var (
	keep, drop                                     *rule // of (mask, x): x where the mask is not 0, otherwise 0; and the other way round
	sigmoidSlope, tanhSlope, reluSlope, leakySlope *rule // of (gradient, result; for leaky relu: operand)
	clampSlope, sign                               *rule
	pad                                            *rule // x with columns of 0 around: attributes are where x begins and how many columns there are
	scatter                                        *rule // of (x, index, like): adds each row of x to the row of the result that the index says
	expand                                         *rule // of (x, like): one row, or one column, as often as like has
	reduce                                         *rule // of (x, like): sums over the rows, and over the columns, of which like has one
)

func init() {
	keep = newRule(rule{name: "keep", shape: maskShape, element: elementKeep})
	drop = newRule(rule{name: "drop", shape: maskShape, element: elementDrop})
	sigmoidSlope = newRule(rule{name: "sigmoid gradient", shape: sameShape, element: elementSigmoidSlope})
	tanhSlope = newRule(rule{name: "tanh gradient", shape: sameShape, element: elementTanhSlope})
	reluSlope = newRule(rule{name: "relu gradient", shape: sameShape, element: elementReLUSlope})
	leakySlope = newRule(rule{name: "leaky relu gradient", shape: sameShape, element: elementLeakySlope})
	clampSlope = newRule(rule{name: "clamp gradient", shape: sameShape, element: elementClampSlope})
	sign = newRule(rule{name: "sign", shape: sameShape, element: elementSign})
	pad = newRule(rule{name: "pad", do32: padDo[float32], do64: padDo[float64],
		shape: func(o *op, in [][2]int) ([2]int, error) {
			at, width := int(o.attribute[0]), int(o.attribute[1])
			if at < 0 || at+in[0][1] > width {
				return in[0], fmt.Errorf("%d×%d from column %d of %d", in[0][0], in[0][1], at, width)
			}
			return [2]int{in[0][0], width}, nil
		},
	})
	scatter = newRule(rule{name: "scatter", like: true, do32: scatterDo[float32], do64: scatterDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) {
			if in[1] != [2]int{in[0][0], 1} || in[2][1] != in[0][1] {
				return in[2], fmt.Errorf("%d×%d at %d×%d into %d×%d", in[0][0], in[0][1], in[1][0], in[1][1], in[2][0], in[2][1])
			}
			return in[2], nil
		},
	})
	expand = newRule(rule{name: "expand", like: true, do32: expandDo[float32], do64: expandDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], stands(in[0], in[1]) },
	})
	reduce = newRule(rule{name: "reduce", like: true, do32: reduceDo[float32], do64: reduceDo[float64],
		shape: func(_ *op, in [][2]int) ([2]int, error) { return in[1], stands(in[1], in[0]) },
	})
}

// maskShape lets the mask stand for rows or columns of the second operand.
func maskShape(_ *op, in [][2]int) ([2]int, error) {
	if err := stands(in[0], in[1]); err != nil {
		return in[1], fmt.Errorf("the mask is %d×%d, its operand %d×%d", in[0][0], in[0][1], in[1][0], in[1][1])
	}
	return in[1], nil
}

// stands tells whether a value of shape small can stand for one of shape large.
func stands(small, large [2]int) error {
	for axis := range small {
		if small[axis] != 1 && small[axis] != large[axis] {
			return fmt.Errorf("%d×%d for %d×%d", small[0], small[1], large[0], large[1])
		}
	}
	return nil
}

func padDo[F Float](o *op, out matrix[F], in []matrix[F]) error {
	clear(out.data)
	for r := range out.rows {
		copy(out.row(r)[int(o.attribute[0]):], in[0].row(r))
	}
	return nil
}

func scatterDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	clear(out.data)
	for r, v := range in[1].data {
		i, err := whole(v, out.rows)
		if err != nil {
			return fmt.Errorf("row %d: %w", r, err)
		}
		row := out.row(i)
		for j, x := range in[0].row(r) {
			row[j] += x
		}
	}
	return nil
}

func expandDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	x := in[0]
	for r := range out.rows {
		from, row := x.row(r%x.rows), out.row(r)
		for j := range row {
			row[j] = from[j%x.cols]
		}
	}
	return nil
}

// reduceDo adds in ascending order, of rows first.
func reduceDo[F Float](_ *op, out matrix[F], in []matrix[F]) error {
	clear(out.data)
	x := in[0]
	for r := range x.rows {
		row := out.row(r % out.rows)
		for j, v := range x.row(r) {
			row[j%out.cols] += v
		}
	}
	return nil
}
