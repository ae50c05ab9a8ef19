package broker

import (
	"context"
	"errors"
	"fmt"
)

// Barrier returns when all ranks have called it.
func (c *Comm) Barrier(ctx context.Context) error {
	return c.collective(ctx, callBarrier, 0, 0, Buffer{}, func(t *turn) error {
		if err := t.reduce(0, 0, Buffer{}, Buffer{}); err != nil {
			return err
		}
		return t.bcast(0, Buffer{})
	})
}

// Bcast copies root's buffer into that of every rank, which must have the same type and length.
func (c *Comm) Bcast(ctx context.Context, root int, b Buffer) error {
	return c.collective(ctx, callBcast, root, 0, b, func(t *turn) error { return t.bcast(root, b) })
}

// bcast goes along a binomial tree that has root for its rank 0, chunk by chunk.
func (t *turn) bcast(root int, b Buffer) error {
	size := t.c.Size()
	me := (t.c.rank - root + size) % size
	for i := range pieces(b, b.Len()) {
		part := piece(b, i)
		if me > 0 {
			content, err := t.receive((me&(me-1)+root)%size, i, b.Len(), b)
			if err != nil {
				return err
			}
			part.decode(content)
		}
		bit := 1
		for bit < size && me&bit == 0 {
			bit <<= 1
		}
		for bit >>= 1; bit > 0; bit >>= 1 { // the largest subtree first: it has the longest way to go
			if me+bit < size {
				if err := t.send((me+bit+root)%size, i, b.Len(), part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Scatter cuts root's send buffer into Size equal parts, and copies the r-th into rank r's recv. Others may leave send empty.
func (c *Comm) Scatter(ctx context.Context, root int, send, recv Buffer) error {
	if c.rank == root {
		if err := c.parts(send, recv); err != nil {
			return c.blame(callScatter, err)
		}
	}
	return c.collective(ctx, callScatter, root, 0, recv, func(t *turn) error {
		n := recv.Len()
		for i := range pieces(recv, n) {
			if c.rank != root {
				content, err := t.receive(root, i, n, recv)
				if err != nil {
					return err
				}
				piece(recv, i).decode(content)
				continue
			}
			for r := range c.Size() {
				part := piece(send.part(r*n, (r+1)*n), i)
				if r == root {
					piece(recv, i).copyFrom(part)
				} else if err := t.send(r, i, n, part); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// parts checks that one buffer has room for one part from each rank.
func (c *Comm) parts(all, part Buffer) error {
	if all.kind() != part.kind() || all.Len() != c.Size()*part.Len() {
		return fmt.Errorf("a buffer of %d %v is not %d parts of %d %v", all.Len(), all.kind(), c.Size(), part.Len(), part.kind())
	}
	return nil
}

// Gather copies rank r's send buffer, which must be equally long on all, into the r-th part of root's recv. Others may leave recv empty.
func (c *Comm) Gather(ctx context.Context, root int, send, recv Buffer) error {
	if c.rank == root {
		if err := c.parts(recv, send); err != nil {
			return c.blame(callGather, err)
		}
	}
	return c.collective(ctx, callGather, root, 0, send, func(t *turn) error { return t.gather(root, send, recv) })
}

func (t *turn) gather(root int, send, recv Buffer) error {
	n := send.Len()
	for i := range pieces(send, n) {
		if t.c.rank != root {
			if err := t.send(root, i, n, piece(send, i)); err != nil {
				return err
			}
			continue
		}
		for r := range t.c.Size() {
			part := piece(recv.part(r*n, (r+1)*n), i)
			if r == root {
				part.copyFrom(piece(send, i))
				continue
			}
			content, err := t.receive(r, i, n, recv)
			if err != nil {
				return err
			}
			part.decode(content)
		}
	}
	return nil
}

// Allgather copies rank r's send buffer, which must be equally long on all, into the r-th part of every rank's recv.
func (c *Comm) Allgather(ctx context.Context, send, recv Buffer) error {
	return c.allgather(ctx, callAllgather, send, recv)
}

func (c *Comm) allgather(ctx context.Context, what call, send, recv Buffer) error {
	if err := c.parts(recv, send); err != nil {
		return c.blame(what, err)
	}
	return c.collective(ctx, what, 0, 0, send, func(t *turn) error {
		if err := t.gather(0, send, recv); err != nil {
			return err
		}
		return t.bcast(0, recv)
	})
}

// Reduce makes root's recv, element by element, the sum, minimum or maximum of all ranks' send buffers, which must be equally long. Others may leave recv empty. At root, send and recv may be the same.
//
// Ranks are joined along a binary tree over their numbers: 2i and 2i+1, then pairs of pairs; each node is its left part op its right part. So the bits depend on the ranks' numbers
// alone, never on root or on what comes first. (Of a NaN only that it is one is promised.)
func (c *Comm) Reduce(ctx context.Context, root int, op Op, send, recv Buffer) error {
	if err := c.reducible(op, send); err != nil {
		return c.blame(callReduce, err)
	}
	if c.rank == root && (recv.kind() != send.kind() || recv.Len() != send.Len()) {
		return c.blame(callReduce, fmt.Errorf("the result is %d %v, the buffer for it %d %v", send.Len(), send.kind(), recv.Len(), recv.kind()))
	}
	return c.collective(ctx, callReduce, root, op, send, func(t *turn) error { return t.reduce(root, op, send, recv) })
}

// Allreduce makes every rank's buffer, element by element, the sum, minimum or maximum of all ranks' buffers, which must be equally long. The order is that of Reduce.
func (c *Comm) Allreduce(ctx context.Context, op Op, b Buffer) error {
	if err := c.reducible(op, b); err != nil {
		return c.blame(callAllreduce, err)
	}
	return c.collective(ctx, callAllreduce, 0, op, b, func(t *turn) error {
		if err := t.reduce(0, op, b, b); err != nil {
			return err
		}
		return t.bcast(0, b)
	})
}

func (c *Comm) reducible(op Op, b Buffer) error {
	if op < Sum || op > Max {
		return fmt.Errorf("%v is none of sum, min, max", op)
	}
	if b.kind() == elemByte {
		return errors.New("bytes cannot be reduced: use Float32s or Float64s")
	}
	return nil
}

// reduce goes up the tree to rank 0, chunk by chunk; the result goes from there to root, if that is another.
func (t *turn) reduce(root int, op Op, send, recv Buffer) error {
	me, size, n := t.c.rank, t.c.Size(), send.Len()
	scratch := recv
	if me != 0 || root != 0 {
		scratch = send.like(piece(send, 0).Len())
	}
	for i := range pieces(send, n) {
		part := piece(send, i)
		sum := part
		if me&1 == 0 && size > 1 || me == root { // else a leaf, which only sends
			if me != 0 || root != 0 {
				sum = scratch.part(0, part.Len())
			} else {
				sum = piece(recv, i)
			}
			sum.copyFrom(part)
		}
		bit := 1
		for ; bit < size && me&bit == 0; bit <<= 1 {
			if me+bit >= size {
				continue
			}
			content, err := t.receive(me+bit, i, n, send)
			if err != nil {
				return err
			}
			sum.combine(op, content)
		}
		if err := t.deliver(root, me&^bit, i, sum, recv, n); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends a part of the sum to whom it is for: parent; from rank 0 to root.
func (t *turn) deliver(root, parent, i int, sum, recv Buffer, n int) error {
	me := t.c.rank
	if me > 0 {
		if err := t.send(parent, i, n, sum); err != nil {
			return err
		}
	} else if root != 0 {
		return t.send(root, i, n, sum)
	}
	if me == root && me > 0 {
		content, err := t.receive(0, i, n, recv)
		if err != nil {
			return err
		}
		piece(recv, i).decode(content)
	}
	return nil
}
