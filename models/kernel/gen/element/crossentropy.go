package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in package kernel's pointGroup.
const (
	atY       = 0  // *float32, of the group's first point
	atDY      = 8  // *float32
	atYStep   = 16 // bytes from point to point
	atDYStep  = 24
	atPoints  = 32 // at most a group's
	atClasses = 40
	atLabels  = 48 // *int32: as many as a group has
	atWeights = 56 // *float32, likewise
	atLanes   = 64 // *float32: the sums of losses that the group adds to
	atScratch = 72 // *float32: a row of a group's points for each class, and three more
	atScale   = 80 // float32
)

// points emits the cross-entropy of one group of points, as crossentropy.go in package kernel defines it: the logits are turned into a row of numbers for each class, so that
// registers hold points.
func (t *target) points() {
	TEXT("points"+t.suffix, NOSPLIT, "func(group *byte)")
	Doc("points" + t.suffix + " computes the cross-entropy of the points of a pointGroup, at which group points.")
	Pragma("noescape")
	g := &points{target: t, args: Load(Param("group"), GP64()).(reg.GPVirtual)}
	g.transpose("in", atY, atYStep, func(point, class Mem, r reg.Register) {
		MOVL(point, r)
		MOVL(r, class)
	})
	g.largest()
	g.exponentials()
	g.gradients()
	g.losses()
	g.transpose("out", atDY, atDYStep, func(point, class Mem, r reg.Register) {
		MOVL(class, r)
		MOVL(r, point)
	})
	VZEROUPPER()
	RET()
}

type points struct {
	*target
	args reg.GPVirtual
}

func (g *points) load(at int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: g.args, Disp: at}, r)
	return r
}

// rowBytes is the distance of two rows of the scratch memory.
func (g *points) rowBytes() int { return groupVectors * g.bytes() }

// transpose emits a loop over points and classes.
func (g *points) transpose(name string, at, step int, move func(point, class Mem, r reg.Register)) {
	points, by, classes := g.load(at), g.load(step), g.load(atClasses)
	column, left := g.load(atScratch), g.load(atPoints)
	class, row, i, r := GP64(), GP64(), GP64(), GP32()
	Label(name)
	MOVQ(column, row)
	MOVQ(points, class)
	MOVQ(classes, i)
	Label(name + "Class")
	move(Mem{Base: class}, Mem{Base: row}, r)
	ADDQ(Imm(4), class)
	ADDQ(U32(g.rowBytes()), row)
	DECQ(i)
	JNZ(LabelRef(name + "Class"))
	ADDQ(by, points)
	ADDQ(Imm(4), column)
	DECQ(left)
	JNZ(LabelRef(name))
}

// eachClass emits a loop over the rows of classes, and leaves row behind them: the three more rows are the largest logits, what the losses are but for
// the sums' logarithms, and the sums of exponentials.
func (g *points) eachClass(name string, body func(row reg.GPVirtual)) (row reg.GPVirtual) {
	row, left := g.load(atScratch), g.load(atClasses)
	Label(name)
	body(row)
	ADDQ(U32(g.rowBytes()), row)
	DECQ(left)
	JNZ(LabelRef(name))
	return row
}

// end is the row behind those of the classes.
func (g *points) end() reg.GPVirtual {
	rows, end := g.load(atClasses), g.load(atScratch)
	IMUL3Q(U32(g.rowBytes()), rows, rows)
	ADDQ(rows, end)
	return end
}

// at names half a group's registers of a row, or of one that lies rows behind it.
func (g *points) at(row reg.GPVirtual, rows, half int) value {
	v := make(value, groupVectors/2)
	for i := range v {
		v[i] = Mem{Base: row, Disp: rows*g.rowBytes() + (half*groupVectors/2+i)*g.bytes()}
	}
	return v
}

func (g *points) read(from value) value {
	d := g.fresh(len(from))
	for i := range d {
		VMOVUPS(from[i], d[i])
	}
	return d
}

func (g *points) write(v, to value) {
	for i := range v {
		VMOVUPS(v[i], to[i])
	}
}

// isLabel is the condition that labels are those of a class, whose number is in a register of which every lane has it.
func (g *points) isLabel(labels, class value) value {
	d := make(value, len(labels))
	for i := range d {
		if g.wide {
			d[i] = K()
		} else {
			d[i] = g.vector()
		}
		VPCMPEQD(class.at(i), labels[i], d[i])
	}
	return d
}

// counting is a register of zeros to count classes with, and a function that adds one to it.
func (g *points) counting() (class value, next func()) {
	class, one := g.fresh(1), g.register(g.bits(1))
	g.overwriteZero(class)
	return class, func() { VPADDD(one[0], class[0], class[0]) }
}

func (g *points) overwriteZero(v value) {
	for i := range v {
		VXORPS(v[i], v[i], v[i])
	}
}

// largest finds the largest logit of every point, and its distance from the label's.
func (g *points) largest() {
	for half := range 2 {
		g.loaded, g.spare = map[uint32]value{}, 1
		name := []string{"largest0", "largest1"}[half]
		labels := g.read(g.at(g.load(atLabels), 0, half))
		class, next := g.counting()
		most, chosen := g.copies(g.bits(0xff800000), groupVectors/2), g.fresh(groupVectors/2)
		g.overwriteZero(chosen)
		end := g.eachClass(name, func(row reg.GPVirtual) {
			v := g.read(g.at(row, 0, half))
			isLabel := g.isLabel(labels, class)
			g.write(g.choose(isLabel, v, chosen), chosen)
			g.write(g.atLeast(most, v), most) // a NaN may be lost here: its exponential makes the point's sum one
			next()
		})
		g.write(most, g.at(end, 0, half))
		g.write(g.sub(most, chosen), g.at(end, 1, half))
	}
}

// exponentials replaces the logits by their exponentials, and adds these up. The first is not added to a zero, which is the same.
func (g *points) exponentials() {
	for half := range 2 {
		g.loaded, g.spare = map[uint32]value{}, g.pick([2]int{12, 2})
		e := g.exponential()
		end := g.end()
		sum := g.fresh(groupVectors / 2)
		g.overwriteZero(sum)
		g.eachClass([]string{"exp0", "exp1"}[half], func(row reg.GPVirtual) {
			x := g.read(g.at(row, 0, half))
			for i, m := range g.at(end, 0, half) {
				VSUBPS(m, x[i], x[i])
			}
			x = e.of(g.target, g.atLeast(e.lowest, x))
			g.write(x, g.at(row, 0, half))
			for i := range sum {
				VADDPS(x[i], sum[i], sum[i])
			}
		})
		g.write(sum, g.at(end, 2, half))
	}
}

// gradients replaces the exponentials by the gradients.
func (g *points) gradients() {
	for half := range 2 {
		g.loaded, g.spare = map[uint32]value{}, 2
		one := g.float(1)
		labels, scale := g.read(g.at(g.load(atLabels), 0, half)), g.fresh(groupVectors/2)
		for i, w := range g.at(g.load(atWeights), 0, half) {
			VBROADCASTSS(Mem{Base: g.args, Disp: atScale}, scale[i])
			VMULPS(w, scale[i], scale[i])
		}
		end := g.end()
		sum := g.read(g.at(end, 2, half))
		class, next := g.counting()
		g.eachClass([]string{"gradient0", "gradient1"}[half], func(row reg.GPVirtual) {
			p := g.div(g.read(g.at(row, 0, half)), sum)
			p = g.choose(g.isLabel(labels, class), g.sub(p, one), p)
			g.write(g.mul(scale, p), g.at(row, 0, half))
			next()
		})
	}
}

// losses adds the points' losses to the lanes.
func (g *points) losses() {
	for half := range 2 {
		g.loaded, g.spare = map[uint32]value{}, g.pick([2]int{12, 0})
		end := g.end()
		loss := g.target.log()([]value{g.read(g.at(end, 2, half))})
		loss = g.add(loss, g.read(g.at(end, 1, half)))
		loss = g.mul(loss, g.read(g.at(g.load(atWeights), 0, half)))
		lanes := g.at(g.load(atLanes), 0, half)
		g.write(g.add(loss, g.read(lanes)), lanes)
	}
}
