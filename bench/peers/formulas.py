"""Numbers that this program and the Go tests both make: data and first weights by a hash, noise by Philox4x32-10 and Box-Muller."""
import numpy as np

MASK64 = (1 << 64) - 1


def hashed(lane, n):
    """n multiples of 2^-24 in [-1/2, 1/2), exact in float32: the top 24 bits of SplitMix64's output number lane*2^32 + i (Steele, Lea and
    Flood, "Fast splittable pseudorandom number generators", 2014), less a half."""
    out = np.empty(n)
    for i in range(n):
        z = ((lane << 32) + i + 1) * 0x9E3779B97F4A7C15 & MASK64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK64
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK64
        z ^= z >> 31
        out[i] = (z >> 40) / 2**24 - 0.5
    return out


def philox(counter, key):
    """The four words of a block (Salmon et al., 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def box_muller(w0, w1):
    """Two normal numbers of two words, as sweep/random defines them; logarithm, root, sine and cosine in float64, the result rounded to float32."""
    u = np.float32(float(np.float32(w0 >> 1)) / 2**31 + 2**-32)
    radius = np.sqrt(-2 * np.log(float(u)))
    place = (w1 << 2 | 2) & 0xFFFFFFFF
    f = float(np.float32(place - (place >> 31 << 32))) / 2**32
    angle = ((w1 >> 30) + f) * np.pi / 2
    return float(np.float32(radius * np.cos(angle))), float(np.float32(radius * np.sin(angle)))


def normals(seed, stream, lane, block, n):
    """n numbers of a lane, from a block on."""
    out = []
    while len(out) < n:
        w = philox((block & 0xFFFFFFFF, block >> 32, lane, stream), (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))
        out += box_muller(w[0], w[1]) + box_muller(w[2], w[3])
        block += 1
    return out[:n]


class Noise:
    """The noise of one update: a row of numbers for every sequence, step and call. start and step are the widths of the calls of each."""

    def __init__(self, seed, stream, call, rows, start, step):
        self.seed, self.stream, self.call, self.rows = seed, stream, call, rows
        self.start, self.step = start, step

    @staticmethod
    def blocks(widths):
        return sum(-(-w // 4) for w in widths)

    def draw(self, t, i):
        """rows x width numbers of call i at step t; t = 0 is the start."""
        widths = self.step if t else self.start
        block = (self.call << 24) + self.blocks(widths[:i])
        if t:
            block += self.blocks(self.start) + (t - 1) * self.blocks(self.step)
        return np.array([normals(self.seed, self.stream, r, block, widths[i]) for r in range(self.rows)])
