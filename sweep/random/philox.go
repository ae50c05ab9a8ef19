package random

import "math/bits"

// Constants of Philox4x32: two multipliers, and what is added to the two halves of the key between rounds.
const (
	multiplier0 = 0xD2511F53
	multiplier1 = 0xCD9E8D57
	weyl0       = 0x9E3779B9
	weyl1       = 0xBB67AE85
)

// Rounds is the number of rounds of Philox4x32-10.
const Rounds = 10

// Keys are the keys of the rounds for a seed, for a twin of the generator.
func Keys(seed int64) (keys [Rounds][2]uint32) {
	key := [2]uint32{uint32(seed), uint32(uint64(seed) >> 32)}
	for i := range keys {
		keys[i] = key
		key[0] += weyl0
		key[1] += weyl1
	}
	return keys
}

// philox is the block function of Philox4x32-10: a bijection of the counter for each key.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range Rounds {
		high0, low0 := bits.Mul32(multiplier0, counter[0])
		high1, low1 := bits.Mul32(multiplier1, counter[2])
		counter = [4]uint32{high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}
